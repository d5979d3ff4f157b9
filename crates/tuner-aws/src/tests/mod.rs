//! The adapters against mocked services: what is sent, and what is made of the answers.

mod lambda;
