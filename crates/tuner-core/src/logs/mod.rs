//! What Lambda's log lines say.
