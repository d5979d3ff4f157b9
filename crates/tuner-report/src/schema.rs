use schemars::generate::SchemaSettings;
use serde_json::Value;
use tuner_core::Tuning;

/// The JSON Schema (2020-12) of the `Tuning` document; it is checked in as `reports/schema/tuning.schema.json`.
pub fn tuning_schema() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Tuning>()
        .into()
}
