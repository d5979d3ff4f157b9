//! ARNs: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` (source: "Identify AWS resources with Amazon Resource Names").

/// The parts of an ARN, checked as far as they are the same for every service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov` ...
    pub partition: &'a str,
    /// Such as `lambda`.
    pub service: &'a str,
    /// Empty for global services.
    pub region: &'a str,
    /// Twelve digits; empty where a resource's name is global.
    pub account: &'a str,
    /// The rest, which may hold more colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// What is wrong with it, in words that go behind "it".
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let parts: Vec<&str> = text.trim().splitn(6, ':').collect();
        if parts.first() != Some(&"arn") {
            return Err("it is no ARN");
        }
        let [_, partition, service, region, account, resource] = parts[..] else {
            return Err("the ARN is cut short");
        };
        let of_partition = |b: u8| b.is_ascii_lowercase() || b == b'-';
        if !partition.starts_with("aws") || !partition.bytes().all(of_partition) {
            return Err("an ARN's partition begins with `aws`");
        }
        if !region.is_empty() && !crate::is_region(region) {
            return Err("the ARN's region is malformed");
        }
        if !account.is_empty() && !is_account(account) {
            return Err("an account has 12 digits");
        }
        Ok(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

/// Whether `text` is the number of an account.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// What stands for an account: still an account in form, so that what is masked can be read back.
pub const MASK: &str = "000000000000";

/// `arn`, full or partial, with its account masked.
pub fn masked(arn: &str) -> String {
    let parts = arn.split(':').map(|part| if is_account(part) { MASK } else { part });
    parts.collect::<Vec<_>>().join(":")
}

/// Whether `text` is the ARN of an IAM role.
///
/// # Errors
/// What is wrong with it.
pub fn check_role(text: &str) -> Result<(), &'static str> {
    let arn = Arn::parse(text)?;
    if arn.service != "iam" || !arn.region.is_empty() {
        return Err("it is not an ARN of IAM");
    }
    if arn.account.is_empty() {
        return Err("an account has 12 digits");
    }
    // Source: IAM's limits, a path of 512 and a name of 64 characters.
    let of_name = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&b);
    match arn.resource.strip_prefix("role/") {
        Some(name) if !name.is_empty() && name.len() <= 576 && name.bytes().all(of_name) => Ok(()),
        Some(_) => Err("the role's name is malformed"),
        None => Err("it is not a role's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        assert_eq!(check_role("arn:aws:iam::123456789012:role/path/tuner"), Ok(()));
        assert_eq!(check_role("arn:aws-cn:iam::123456789012:role/tuner"), Ok(()));
        for (text, reason) in [
            ("tuner", "it is no ARN"),
            ("arn:aws:iam", "the ARN is cut short"),
            (
                "arn:bogus:iam::123456789012:role/x",
                "an ARN's partition begins with `aws`",
            ),
            ("arn:aws:iam::abcdefghijkl:role/x", "an account has 12 digits"),
            ("arn:aws:iam:::role/x", "an account has 12 digits"),
            ("arn:aws:iam:eu-west-1:123456789012:role/x", "it is not an ARN of IAM"),
            ("arn:aws:iam::123456789012:user/x", "it is not a role's"),
            ("arn:aws:iam::123456789012:role/", "the role's name is malformed"),
            ("arn:aws:iam::123456789012:role/a b", "the role's name is malformed"),
        ] {
            assert_eq!(check_role(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn resources_may_hold_colons() {
        let arn = Arn::parse("arn:aws:states:eu-west-1:123456789012:execution:machine:name").unwrap();
        assert_eq!((arn.service, arn.resource), ("states", "execution:machine:name"));
        assert_eq!(
            Arn::parse("arn:aws:lambda:europe:123456789012:x"),
            Err("the ARN's region is malformed")
        );
    }
}
