use std::fmt;

/// A part of AWS with its own accounts, endpoints and price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// China, billed in yuan.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
    /// European Sovereign Cloud, billed in euro.
    AwsEusc,
    /// The isolated regions, whose prices are not public.
    AwsIso,
}

impl Partition {
    /// The partition a region of this name belongs to, told by the name alone. Source: the region patterns of AWS's
    /// `partitions.json`.
    pub fn of_region(region: &str) -> Self {
        let second = region.split('-').nth(1).unwrap_or_default();
        if region.starts_with("cn-") {
            Self::AwsCn
        } else if region.starts_with("us-gov-") {
            Self::AwsUsGov
        } else if region.starts_with("eusc-") {
            Self::AwsEusc
        } else if second.starts_with("iso") {
            Self::AwsIso
        } else {
            Self::Aws
        }
    }

    /// The name in an ARN; the several isolated partitions all read `aws-iso`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where AWS publishes the Lambda price list of `region`, readable without credentials; `None` where no public list is
/// known. What is found there is for [`PriceTable::from_bulk_price_list`](super::PriceTable::from_bulk_price_list).
///
/// Source: the AWS Price List documentation (the Chinese address is from there and was never fetched). Characters that
/// are in no region's name are refused, so that the address cannot be bent.
pub fn bulk_price_list_url(region: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(is_name) {
        return None;
    }
    match Partition::of_region(region) {
        Partition::Aws | Partition::AwsUsGov => Some(format!(
            "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/{region}/index.json"
        )),
        Partition::AwsCn => Some(format!(
            "https://pricing.cn-northwest-1.amazonaws.com.cn/offers/v1.0/cn/AWSLambda/current/{region}/index.json"
        )),
        Partition::AwsEusc | Partition::AwsIso => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_know_their_partition() {
        for (region, partition) in [
            ("eu-west-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso"),
            ("eu-isoe-west-1", "aws-iso"),
            ("nonsense", "aws"),
        ] {
            assert_eq!(Partition::of_region(region).as_str(), partition, "{region}");
        }
    }

    #[test]
    fn price_lists_have_their_partition_s_host() {
        assert!(
            bulk_price_list_url("eu-west-1")
                .unwrap()
                .ends_with("/aws/AWSLambda/current/eu-west-1/index.json")
        );
        assert!(
            bulk_price_list_url("cn-north-1")
                .unwrap()
                .contains(".amazonaws.com.cn/offers/v1.0/cn/")
        );
        assert_eq!(bulk_price_list_url("us-iso-east-1"), None);
        assert_eq!(bulk_price_list_url("../x"), None);
        assert_eq!(bulk_price_list_url(""), None);
    }
}
