//! The JSON Schema of an execution's input: a property for each row of the table, and what no single row can say.

use serde_json::{Map, Value, json};

use super::check;
use super::input::{Defaults, ExecutionInput};
use super::row::{Row, Takes, Usual};
use super::table::TABLE;

/// The JSON Schema of an execution's input. Its defaults are those that are used: they are read from the smallest input.
///
/// # Errors
/// When a part of the table is not JSON, or the smallest input is refused: defects that the tests find.
pub fn input_schema() -> Result<Value, serde_json::Error> {
    use serde::de::Error;

    let smallest = ExecutionInput::parse(r#"{"lambdaARN": "my-function"}"#, &Defaults::default())
        .map_err(serde_json::Error::custom)?;
    let mut properties = Map::new();
    for (name, title, description) in [
        ("$schema", "Schema", "Address of this schema, for editors. Ignored."),
        ("comment", "Comment", "A word for the reader. Ignored."),
    ] {
        properties.insert(name.to_owned(), json!({"title": title, "description": description}));
    }
    for row in TABLE {
        properties.insert(row.name.to_owned(), Value::Object(property(row, &smallest)?));
    }
    let mut schema = serde_json::from_str::<Map<String, Value>>(HEAD)?;
    schema.insert("properties".to_owned(), Value::Object(properties));
    let mut tail = serde_json::from_str::<Map<String, Value>>(TAIL)?;
    if let Some(rules) = tail.get_mut("allOf").and_then(Value::as_array_mut) {
        let of_presets: Vec<Value> = rules.drain(1..).collect();
        rules.push(of_checks(of_presets));
    }
    schema.extend(tail);
    Ok(Value::Object(schema))
}

/// What a check takes and what it does not; `of_presets` is what holds for a tuning.
fn of_checks(of_presets: Vec<Value>) -> Value {
    let only = |names: Vec<&'static str>, values: &[Value]| -> Map<String, Value> {
        (names.into_iter())
            .map(|name| (name.to_owned(), json!({"enum": values})))
            .collect()
    };
    let names = |is: fn(&str) -> bool| TABLE.iter().map(|row| row.name).filter(|name| is(name)).collect();
    let of_tunings = only(
        names(|name| !check::takes(name)),
        &[json!(null), json!(""), json!(false)],
    );
    let own = only(names(check::is_own), &[json!(null), json!("")]);
    let given =
        |name: &&str| json!({"required": [name], "properties": {name.to_owned(): {"not": {"enum": [null, ""]}}}});
    let limits: Vec<Value> = check::LIMITS.iter().map(given).collect();
    json!({
        "if": {"required": ["check"], "properties": {"check": {"const": true}}},
        "then": {"properties": of_tunings, "anyOf": limits},
        "else": {"properties": own, "allOf": of_presets},
    })
}

fn property(row: &Row, smallest: &ExecutionInput) -> Result<Map<String, Value>, serde_json::Error> {
    let mut property = Map::new();
    property.insert("title".to_owned(), row.title.into());
    property.insert("description".to_owned(), row.description.into());
    property.extend(shape(&row.takes)?);
    let usual = match row.usual {
        Usual::Written => (row.write)(smallest, row.name)?
            .map(|text| serde_json::from_str(text.get()))
            .transpose()?,
        Usual::Value(number) => Some(number.into()),
        Usual::Depends => None,
    };
    property.extend(usual.map(|usual| ("default".to_owned(), usual)));
    let examples: Vec<Value> = serde_json::from_str(row.examples)?;
    if !examples.is_empty() {
        property.insert("examples".to_owned(), examples.into());
    }
    Ok(property)
}

/// The keywords for what a field takes.
fn shape(takes: &Takes) -> Result<Map<String, Value>, serde_json::Error> {
    let keywords = match takes {
        Takes::Boolean => json!({"type": ["boolean", "null"]}),
        Takes::Whole { range, digits } => json!({"anyOf": [
            {"type": "integer", "minimum": range.start(), "maximum": range.end()},
            {"type": "string", "pattern": digits},
            {"type": "null"},
        ]}),
        Takes::Share { from, to, .. } => {
            json!({"type": ["number", "null"], "minimum": plain(*from), "maximum": plain(*to)})
        }
        Takes::AboveZero { .. } => json!({"type": ["number", "null"], "exclusiveMinimum": 0}),
        Takes::Anything => json!({}),
        Takes::Shape(text) => return serde_json::from_str(text),
    };
    serde_json::from_value(keywords)
}

/// A number as one would write it: 0, not 0.0.
fn plain(number: f64) -> Value {
    match number.fract() == 0.0 {
        true => (number as i64).into(),
        false => number.into(),
    }
}

const HEAD: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Input of a power tuning",
  "description": "What an execution of the power tuning state machine is given. Inputs written for aws-lambda-power-tuning work unchanged. Everything but lambdaARN may be left out; null and, for texts other than the payload, an empty text mean the same as leaving it out.",
  "type": "object",
  "required": ["lambdaARN"],
  "additionalProperties": false
}"#;

/// What fields mean for each other, and the shapes that several of them have.
const TAIL: &str = r##"{
  "patternProperties": {
    "^(Comment$|AWS_STEP_FUNCTIONS_)": {
      "description": "What the console and Step Functions put into inputs. Ignored."
    }
  },
  "allOf": [
    {
      "if": {
        "required": [
          "payloadS3"
        ],
        "properties": {
          "payloadS3": {
            "type": "string",
            "minLength": 1
          }
        }
      },
      "then": {
        "properties": {
          "payload": {
            "type": "null"
          }
        }
      }
    },
    {
      "if": {
        "required": [
          "preset"
        ],
        "properties": {
          "preset": {
            "enum": [
              "frugal",
              "standard",
              "thorough"
            ]
          }
        }
      },
      "then": {
        "properties": {
          "onlyColdStarts": {
            "enum": [
              false,
              null
            ]
          },
          "dryRun": {
            "enum": [
              false,
              null
            ]
          },
          "discardTopBottom": {
            "maximum": 0
          }
        }
      },
      "else": {
        "properties": {
          "budgetInvocations": {
            "enum": [
              "",
              null
            ]
          },
          "budgetCost": {
            "type": "null"
          },
          "budgetSeconds": {
            "enum": [
              "",
              null
            ]
          }
        }
      }
    }
  ],
  "$defs": {
    "function": {
      "type": [
        "string",
        "null"
      ],
      "pattern": "^\\s*((arn:aws[a-z-]*:lambda:[a-z]{2,}(-[a-z]{2,})+-[0-9]{1,2}:)?[0-9]{12}:function:|function:)?[A-Za-z0-9_-]{1,64}(:(\\$LATEST|[A-Za-z0-9_-]{1,128}))?\\s*$|^$"
    },
    "need": {
      "description": "Something that was seen of the function.",
      "type": "object",
      "required": [
        "kind"
      ],
      "properties": {
        "kind": {
          "enum": [
            "memory_used",
            "out_of_memory",
            "timeout"
          ]
        },
        "source": {
          "description": "Where it was seen.",
          "type": "object",
          "required": [
            "kind"
          ],
          "properties": {
            "kind": {
              "enum": [
                "given",
                "logs",
                "tuning",
                "review"
              ]
            }
          }
        },
        "at": {
          "description": "When it was seen last.",
          "type": [
            "string",
            "null"
          ]
        }
      },
      "oneOf": [
        {
          "required": [
            "max_memory_used_mb"
          ],
          "properties": {
            "kind": {
              "const": "memory_used"
            },
            "max_memory_used_mb": {
              "type": "integer",
              "minimum": 0,
              "maximum": 4294967295
            },
            "invocations": {
              "type": "integer",
              "minimum": 0
            }
          }
        },
        {
          "required": [
            "memory_size_mb",
            "failures",
            "invocations"
          ],
          "properties": {
            "kind": {
              "enum": [
                "out_of_memory",
                "timeout"
              ]
            },
            "memory_size_mb": {
              "type": "integer",
              "minimum": 0,
              "maximum": 4294967295
            },
            "failures": {
              "type": "integer",
              "minimum": 0
            },
            "invocations": {
              "type": "integer",
              "minimum": 0
            },
            "limit_ms": {
              "description": "The time they had, in ms.",
              "type": [
                "number",
                "null"
              ]
            }
          }
        }
      ]
    },
    "memorySize": {
      "description": "A memory size in MB. A text of digits is accepted too.",
      "anyOf": [
        {
          "type": "integer",
          "minimum": 128,
          "maximum": 10240
        },
        {
          "type": "string",
          "pattern": "^(12[89]|1[3-9][0-9]|[2-9][0-9]{2}|[1-9][0-9]{3}|10[01][0-9]{2}|102[0-3][0-9]|10240)$"
        }
      ]
    }
  },
  "examples": [
    { "lambdaARN": "arn:aws:lambda:eu-west-1:123456789012:function:image-resize" },
    { "lambdaARN": "arn:aws:lambda:eu-west-1:123456789012:function:image-resize", "preset": "standard" },
    {
      "lambdaARN": "arn:aws:lambda:eu-west-1:123456789012:function:image-resize",
      "num": 10,
      "powerValues": [128, 256, 512, 1024],
      "payload": { "key": "value" },
      "strategy": "balanced"
    }
  ]
}"##;
