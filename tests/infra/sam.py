"""infra/sam/template.yaml as CloudFormation would carry it out."""

import os
import re
from pathlib import Path

TEMPLATE = Path(__file__).parents[2] / "infra/sam/template.yaml"
NOTHING = object()


class NoManagedPolicies:
    """The template names none of AWS's, so that it needs no account to look them up in."""

    def load(self):
        return {}


def template():
    from samtranslator.yaml_helper import yaml_parse

    return yaml_parse(TEMPLATE.read_text())


def translated(parameters=None):
    """The template as CloudFormation. Local files are put where `sam deploy` would put them."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    from samtranslator.translator.transform import transform

    source = template()
    for resource in source["Resources"].values():
        properties = resource["Properties"]
        for field in ("CodeUri", "DefinitionUri"):
            if field in properties:
                assert (TEMPLATE.parent / properties[field]).parent.name in ("dist", "statemachine")
                properties[field] = "s3://packages/" + Path(properties[field]).name
    return transform(source, parameters or {}, NoManagedPolicies())


class Stack:
    """A translated template with values for its parameters."""

    def __init__(self, given, region="eu-west-1", partition="aws", account="123456789012"):
        self.template = translated()
        self.values = {
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::NoValue": NOTHING,
        }
        for name, parameter in self.template["Parameters"].items():
            value = given.pop(name, parameter["Default"])
            lists = parameter["Type"] == "CommaDelimitedList" or parameter["Type"].startswith("List<")
            self.values[name] = str(value).split(",") if lists else value
        assert not given, f"there are no parameters {given}"

    def resource(self, name):
        """Its properties; None if its condition keeps it from being created."""
        resource = self.template["Resources"][name]
        if "Condition" in resource and not self.holds(resource["Condition"]):
            return None
        return self.resolve(resource["Properties"])

    def holds(self, condition):
        return self.resolve(self.template["Conditions"][condition])

    def statements(self, role):
        """All that a role may do, by its own policies and by those that are attached to it."""
        properties = self.resource(role)
        documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
        for attached in properties.get("ManagedPolicyArns", []):
            documents.append(self.resource(attached.removeprefix("ref:"))["PolicyDocument"])
        return [statement for document in documents for statement in document["Statement"]]

    def resolve(self, node):
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if name == "Ref" or name.startswith("Fn::"):
                return getattr(self, name.removeprefix("Fn::").lower())(argument)
        resolved = {name: self.resolve(value) for name, value in node.items()}
        return {name: value for name, value in resolved.items() if value is not NOTHING}

    def ref(self, name):
        return self.values[name] if name in self.values else f"ref:{name}"

    def getatt(self, argument):
        name, attribute = argument
        function = self.template["Resources"][name]
        if attribute == "Arn" and function["Type"] == "AWS::Lambda::Function":
            where = [self.values[f"AWS::{part}"] for part in ("Partition", "Region", "AccountId")]
            return "arn:{}:lambda:{}:{}:function:".format(*where) + self.resolve(function["Properties"]["FunctionName"])
        return f"{attribute.lower()}:{name}"

    def sub(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})
        own = self.resolve(own)
        return re.sub(r"\$\{([^}]+)\}", lambda m: str(own[m[1]] if m[1] in own else self.ref(m[1])), text)

    def join(self, argument):
        by, parts = argument
        return by.join(str(part) for part in self.resolve(parts))

    def split(self, argument):
        by, text = argument
        return self.resolve(text).split(by)

    def equals(self, argument):
        left, right = self.resolve(argument)
        return str(left) == str(right)

    def not_(self, argument):
        return not self.resolve(argument[0])

    def and_(self, argument):
        return all(map(self.resolve, argument))

    def if_(self, argument):
        condition, yes, no = argument
        return self.resolve(yes if self.holds(condition) else no)


# Some functions of CloudFormation are words of Python.
setattr(Stack, "and", Stack.and_)
setattr(Stack, "not", Stack.not_)
setattr(Stack, "if", Stack.if_)
