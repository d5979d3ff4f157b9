//! The views as a reader gets them, over recorded tunings and over everything that can go wrong in one.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod extremes;
mod gallery;
mod model;
mod outside_text;
mod picture;
mod schema;
mod text_views;
mod viewer_link;
mod words;
