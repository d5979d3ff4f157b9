//! The views as a reader gets them, over recorded tunings and over everything that can go wrong in one.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/reviews.rs"]
mod reviews;

mod cases;
mod extremes;
mod gallery;
mod model;
mod older_documents;
mod outside_text;
mod overview;
mod picture;
mod review_cases;
mod review_forms;
mod review_groups;
mod review_ignored;
mod review_page;
mod review_picture;
mod review_words;
mod schema;
mod text_views;
mod viewer_link;
mod words;
