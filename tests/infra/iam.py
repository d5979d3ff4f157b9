"""Policies of IAM, as far as the roles of the steps use them."""

import fnmatch
import json


def canonical(statements):
    """A set of statements that two ways of writing the same policy agree on."""
    return {
        json.dumps({field: sorted(value) if isinstance(value, list) else value for field, value in s.items()}, sort_keys=True)
        for s in statements
    }


def actions(statements):
    return {action for s in statements if s["Effect"] == "Allow" for action in s["Action"]}


def allows(statements, action, resource):
    """Whether a call is allowed. Conditions are not looked at: a Deny counts, whatever it depends on."""

    def applies(statement):
        # IAM's wildcards are those of fnmatch, which would also read [ as one; no ARN here has it.
        return any(fnmatch.fnmatchcase(action, a) for a in statement["Action"]) and any(
            fnmatch.fnmatchcase(resource, r) for r in statement["Resource"]
        )

    effects = {s["Effect"] for s in statements if applies(s)}
    return "Allow" in effects and "Deny" not in effects
