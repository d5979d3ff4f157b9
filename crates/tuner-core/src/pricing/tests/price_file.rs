use super::{assert_close, quote};
use crate::Architecture::{Arm64, X86_64};
use crate::pricing::{FreeTier, MonthlyUsage, PriceQuote, PriceTable};

const OWN: &str = r#"{
    "format": 1, "collected": "2027-01-02", "source": "our contract",
    "regions": { "mx-central-1": { "currency": "USD", "confidence": "high",
        "x86_64": { "gb_second": [{ "from_gb_seconds": 0, "price": "0.00002" }], "request": { "price": "0.0000003" } } } }
}"#;

#[test]
fn a_user_s_own_file() {
    let table = PriceTable::from_json(OWN).unwrap();
    let quote = table.quote("mx-central-1", X86_64).unwrap();
    assert_close(quote.invocation(1024, 1_000, 512).unwrap().amount, 0.000_020_3);
    assert_eq!(quote.collected, "2027-01-02");
    let unknown = table.quote("mx-central-1", Arm64).unwrap_err().to_string();
    assert!(
        unknown.starts_with("the price of arm64 in region `mx-central-1` is not known"),
        "{unknown}"
    );
    assert!(table.quote("us-east-1", X86_64).is_err());
}

#[test]
fn an_estimated_request_price_makes_invocations_estimates() {
    let text = OWN.replace("\"0.0000003\"", "\"0.0000003\", \"estimated\": \"by telephone\"");
    let quote = PriceTable::from_json(&text)
        .unwrap()
        .quote("mx-central-1", X86_64)
        .unwrap();
    assert!(quote.estimated);
    assert_eq!(quote.note.as_deref(), Some("estimated: request (by telephone)"));
    let usage = |invocations| MonthlyUsage {
        invocations,
        gb_seconds: 1.0,
        ..MonthlyUsage::default()
    };
    assert!(quote.monthly(&usage(1.0), FreeTier::Exclude).unwrap().estimated);
    assert!(!quote.monthly(&usage(0.0), FreeTier::Exclude).unwrap().estimated);
}

#[test]
fn a_file_that_would_be_misread_is_refused() {
    for (from, to, says) in [
        ("\"request\"", "\"reqeust\"", "unknown field `reqeust`"),
        ("\"0.00002\"", "\"0\"", "`0` is no price"),
        ("\"0.00002\"", "0.00002", "expected a string"),
        ("\"0.00002\"", "\"-1\"", "`-1` is no price"),
        (
            "\"from_gb_seconds\": 0",
            "\"from_gb_seconds\": 5",
            "must begin with one from 0",
        ),
        ("\"format\": 1", "\"format\": 2", "format 2 is not known"),
        ("\"USD\"", "\"GBP\"", "unknown variant `GBP`"),
        ("\"collected\"", "\"collcted\"", "unknown field `collcted`"),
    ] {
        let text = OWN.replacen(from, to, 1);
        let error = PriceTable::from_json(&text).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("line "), "{error}");
    }
}

#[test]
fn what_is_written_reads_the_same() {
    let table = PriceTable::embedded();
    assert_eq!(&PriceTable::from_json(&table.to_json().unwrap()).unwrap(), table);
}

/// The document form of a quote is part of a tuning's.
#[test]
fn a_quote_s_document_is_stable() {
    insta::assert_json_snapshot!(quote("il-central-1", Arm64), @r#"
    {
      "region": "il-central-1",
      "architecture": "arm64",
      "currency": "USD",
      "gb_second": [
        {
          "from_gb_seconds": 0,
          "price": 0.000014,
          "estimated": true
        },
        {
          "from_gb_seconds": 7500000000,
          "price": 0.0000126,
          "estimated": true
        },
        {
          "from_gb_seconds": 18750000000,
          "price": 0.0000112,
          "estimated": true
        }
      ],
      "volume_gb_seconds_per_month": 0,
      "request": {
        "price": 0.00000021,
        "estimated": false
      },
      "ephemeral_storage_gb_second": {
        "price": 0.0000000408,
        "estimated": false
      },
      "free_tier": {
        "requests_per_month": 1000000,
        "gb_seconds_per_month": 400000.0
      },
      "confidence": "low",
      "estimated": true,
      "note": "estimated: GB-second, tier 1 (0.8 x x86_64); GB-second, tier 2 (0.9 x tier 1, with the tier boundaries of us-east-1); GB-second, tier 3 (0.8 x tier 1, with the tier boundaries of us-east-1)",
      "collected": "2026-11"
    }
    "#);
    let schema = serde_json::to_value(schemars::schema_for!(PriceQuote)).unwrap();
    assert_eq!(schema["$defs"]["Tiers"]["type"], "array");
    assert_eq!(schema["$defs"]["Tiers"]["items"]["$ref"], "#/$defs/PriceTier");
    let required = [
        "region",
        "architecture",
        "currency",
        "gb_second",
        "confidence",
        "estimated",
        "collected",
    ];
    assert_eq!(schema["required"], serde_json::json!(required));
}

#[test]
fn rows_are_quotes_at_tier_one() {
    let rows: Vec<_> = PriceTable::embedded().rows().collect();
    assert_eq!(rows.len(), 2 * PriceTable::embedded().regions().count());
    let virginia = rows
        .iter()
        .find(|row| row.region == "us-east-1" && row.architecture == Arm64)
        .unwrap();
    assert_eq!(
        (virginia.gb_second, virginia.request),
        (0.000_013_333_4, Some(0.000_000_2))
    );
    let gov = rows.iter().find(|row| row.region == "us-gov-east-1").unwrap();
    assert_eq!((gov.request, gov.ephemeral_storage_gb_second), (None, None));
}
