//! The views as a reader gets them, over recorded tunings and over everything that can go wrong in one.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod extremes;
mod gallery;
mod outside_text;
mod picture;
mod schema;
mod text_views;
mod viewer_link;
mod words;
