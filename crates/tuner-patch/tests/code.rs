//! CDK, Pulumi, SST and Amplify.
#![cfg(feature = "code")]
#![allow(clippy::unwrap_used)]

mod common;

use common::*;

/// Logical IDs of `Audit` and `Api/Audit`, as the corpus has them for other names.
const AUDIT: &str = "Audit3D8ADE0A";

fn stack(body: &str) -> String {
    format!(
        "import * as cdk from 'aws-cdk-lib';\nimport * as lambda from 'aws-cdk-lib/aws-lambda';\nexport class ShopStack extends cdk.Stack {{\n  constructor(scope: any, id: string, props?: any) {{\n    super(scope, id, props);\n{body}  }}\n}}\n"
    )
}

#[test]
fn a_construct_that_hands_its_properties_on() {
    let own = "import { Construct } from 'constructs';\nimport * as lambda from 'aws-cdk-lib/aws-lambda';\nexport class Service extends Construct {\n  constructor(scope: Construct, id: string, props: any) {\n    super(scope, id);\n    new lambda.Function(this, 'Default', {\n      memorySize: props.memory ?? 128,\n      handler: 'a',\n    });\n  }\n}\n";
    let body = "    new Service(this, 'Audit', {\n      memory: 512,\n    });\n    new Service(this, 'Other', {\n      memory: 512,\n    });\n";
    let text = format!("import {{ Service }} from './service';\n{}", stack(body));
    let files = [("lib/stack.ts", text.as_str()), ("lib/service.ts", own)];
    assert_eq!(
        changed(&files, tagged(AUDIT, "ShopStack"), MEMORY),
        ["-memory: 512,", "+memory: 1536,"]
    );
}

#[test]
fn constants_of_another_file() {
    let text = format!(
        "import {{ SIZES }} from './sizes';\n{}",
        stack(
            "    new lambda.Function(this, 'Audit', {\n      handler: 'a',\n      memorySize: SIZES.audit,\n    });\n    new lambda.Function(this, 'Other', {\n      handler: 'a',\n      memorySize: SIZES.other,\n    });\n"
        )
    );
    let files = [
        ("lib/stack.ts", text.as_str()),
        (
            "lib/sizes.ts",
            "export const SIZES = {\n  audit: 512,\n  other: 512,\n};\n",
        ),
    ];
    assert_eq!(
        changed(&files, tagged(AUDIT, "ShopStack"), MEMORY),
        ["-audit: 512,", "+audit: 1536,"]
    );
}

#[test]
fn durations_change_their_unit() {
    let text = stack(
        "    new lambda.Function(this, 'Audit', {\n      timeout: cdk.Duration.minutes(2),\n      memorySize: 1_024,\n      architecture: lambda.Architecture.X86_64,\n    });\n",
    );
    assert_eq!(
        changed(&[("lib/stack.ts", &text)], tagged(AUDIT, "ShopStack"), ALL)[3..],
        [
            "+timeout: cdk.Duration.seconds(45),",
            "+memorySize: 1536,",
            "+architecture: lambda.Architecture.ARM_64,"
        ]
    );
}

#[test]
fn spread_properties_are_named() {
    let text = stack(
        "    const common = { memorySize: 512, handler: 'a' };\n    new lambda.Function(this, 'Audit', { ...common });\n    new lambda.Function(this, 'Other', { ...common });\n",
    );
    let named = places(&[("lib/stack.ts", &text)], tagged(AUDIT, "ShopStack"), MEMORY);
    assert_eq!(named, ["lib/stack.ts:6", "lib/stack.ts:7", "lib/stack.ts:8"]);
}

#[test]
fn a_value_behind_a_condition_is_named() {
    let text = stack("    new lambda.Function(this, 'Audit', {\n      memorySize: props.prod ? 1024 : 512,\n    });\n");
    assert_eq!(
        places(&[("lib/stack.ts", &text)], tagged(AUDIT, "ShopStack"), MEMORY),
        ["lib/stack.ts:7"]
    );
}

#[test]
fn two_stacks_with_the_same_ids() {
    let one = stack("    new lambda.Function(this, 'Audit', { memorySize: 512 });\n");
    let two = one.replace("ShopStack", "JobStack");
    let app = "import { ShopStack } from '../lib/shop';\nimport { JobStack } from '../lib/job';\nimport * as cdk from 'aws-cdk-lib';\nconst app = new cdk.App();\nnew ShopStack(app, 'shop-prod');\nnew JobStack(app, 'Job', { stackName: 'job-prod' });\n";
    let files = [
        ("lib/shop.ts", one.as_str()),
        ("lib/job.ts", two.as_str()),
        ("bin/app.ts", app),
    ];
    let folder = tree(&files);
    let made = patch(folder.path(), tagged(AUDIT, "job-prod"), MEMORY);
    assert_eq!(
        made.files().map(|f| f.display().to_string()).collect::<Vec<_>>(),
        ["lib/job.ts"]
    );
    assert_eq!(places(&files, tagged(AUDIT, "else"), MEMORY).len(), 2);
}

#[test]
fn python_takes_new_arguments() {
    let text = "from aws_cdk import Stack, aws_lambda as lambda_\n\n\nclass ShopStack(Stack):\n    def __init__(self, scope, id, **kwargs):\n        super().__init__(scope, id, **kwargs)\n        lambda_.Function(\n            self,\n            \"Audit\",\n            handler=\"a\",\n        )\n";
    assert_eq!(
        changed(&[("app/stack.py", text)], tagged(AUDIT, "ShopStack"), MEMORY),
        ["+memory_size=1536,"]
    );
}

#[test]
fn pulumi_names_with_holes() {
    let text = "import * as aws from \"@pulumi/aws\";\nconst stack = pulumi.getStack();\nnew aws.lambda.Function(`shop-${stack}`, { memorySize: 512 });\nnew aws.lambda.Function(\"other\", { name: `jobs-${stack}`, memorySize: 512 });\n";
    assert!(
        changed(&[("index.ts", text)], named("shop-prod-3f2a91c"), MEMORY)[1]
            .contains("`shop-${stack}`, { memorySize: 1536 }")
    );
    assert!(changed(&[("index.ts", text)], named("jobs-prod"), MEMORY)[1].contains("memorySize: 1536"));
}

#[test]
fn arguments_in_a_class_of_their_own() {
    let text = "import pulumi_aws as aws\naws.lambda_.Function(\"audit\", aws.lambda_.FunctionArgs(memory_size=512, role=\"r\"))\n";
    assert!(changed(&[("__main__.py", text)], named("audit-3f2a91c"), MEMORY)[1].contains("memory_size=1536"));
}

#[test]
fn sst_keeps_its_units() {
    let text = "export default $config({\n  async run() {\n    new sst.aws.Function('Audit', {\n      memory: '1 GB',\n      timeout: '1 minute',\n    });\n  },\n});\n";
    let target = named("shop-prod-AuditFunction-bcdkwxzr");
    assert_eq!(
        changed(
            &[("sst.config.ts", text)],
            target.clone(),
            &[tuner_patch::Wanted::Memory(2048), tuner_patch::Wanted::Timeout(45)]
        )[2..],
        ["+memory: '2 GB',", "+timeout: '45 seconds',"]
    );
    assert_eq!(
        changed(&[("sst.config.ts", text)], target, MEMORY)[1],
        "+memory: '1536 MB',"
    );
}

#[test]
fn broken_code_is_not_changed() {
    let text = stack("    new lambda.Function(this, 'Audit', { memorySize: 512, ( });\n");
    assert!(is_absent(&[("lib/stack.ts", &text)], tagged(AUDIT, "ShopStack")));
}
