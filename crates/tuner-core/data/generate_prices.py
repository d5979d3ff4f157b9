#!/usr/bin/env python3
"""Makes prices.json, the price table built into tuner, from the collected figures in sources/.

    python3 generate_prices.py            # writes prices.json
    python3 generate_prices.py --check    # exit 1 when prices.json is not what this would write

What the collected figures say is carried over digit by digit. What is derived is marked `estimated`, with the reason:
the prices of volume tiers 2 and 3 outside the region they were read in, the Step Functions price of regions without
one of their own, and whatever the collection itself calls an estimate. Any other figure that was not found is left
out, so that it reads as unknown.
"""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE / "sources" / "prices-2026-11.json"
TARGET = HERE / "prices.json"
ARCHITECTURES = ("x86_64", "arm64")
# AWS publishes prices with ten decimals.
PRICE_STEP = Decimal("0.0000000001")


def plain(price):
    """A decimal as AWS writes it: no exponent, no trailing zeros."""
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure(entry, estimated=None):
    """One price, or None when it was not found."""
    if entry is None:
        return None
    made = {"price": entry["value"]}
    if estimated:
        made["estimated"] = estimated
    return made


def first_tier(prices):
    """The price of the first tier: exact, or the collection's estimate with its reason."""
    if prices.get("gb_second"):
        return figure(prices["gb_second"])
    if "gb_second_estimate" in prices:
        # "0.8 x x86_64, the ratio of every known region; UNCONFIRMED": the first words say it.
        return figure(prices["gb_second_estimate"], re.split("[,;]", prices["gb_second_estimate"]["derived"])[0])
    if "gb_second_approx" in prices:
        return figure(prices["gb_second_approx"], prices["gb_second_approx"]["note"].split(";")[0])
    return None


def tiers(region, prices, rule, architecture):
    if "tiers" in prices:
        return [{"from_gb_seconds": t["begin_gb_seconds"], "price": t["price"]} for t in prices["tiers"]]
    first = first_tier(prices)
    if first is None:
        return None
    made = [{"from_gb_seconds": 0, **first}]
    if "single tier" in str(region.get("tiers", "")):
        return made
    for start, share in zip(rule[f"{architecture}_gb_seconds"], rule["multipliers"][1:]):
        price = (Decimal(first["price"]) * Decimal(share)).quantize(PRICE_STEP)
        reason = f"{share} x tier 1, with the tier boundaries of us-east-1"
        made.append({"from_gb_seconds": start, "price": plain(price), "estimated": reason})
    return made


def architecture_prices(region, architecture, rule):
    prices = region[architecture]
    duration = tiers(region, prices, rule, architecture)
    if duration is None:
        return None
    made = {"gb_second": duration}
    found = {
        "request": region.get("request"),
        "ephemeral_storage_gb_second": region.get("ephemeral_storage_gb_second"),
        "provisioned_concurrency_gb_second": prices.get("provisioned_concurrency_gb_second"),
        "provisioned_duration_gb_second": prices.get("provisioned_duration_gb_second"),
    }
    if architecture == "x86_64":
        # The SnapStart prices were read from x86 rows; the arm64 ones were not found.
        found["snapstart_cache_gb_second"] = region.get("snapstart_cache_gb_second")
        found["snapstart_restore_gb"] = region.get("snapstart_restore_gb")
    made.update({name: figure(entry) for name, entry in found.items() if entry})
    return made


def region_prices(region, rule):
    made = {"currency": region["currency"], "confidence": region["confidence"]}
    for architecture in ARCHITECTURES:
        prices = architecture_prices(region, architecture, rule)
        if prices:
            made[architecture] = prices
    return made


def state_transitions(collected, regions):
    """Step Functions, Standard: the region's own figure, or the common one, which is confirmed for us-east-1 only."""
    common = collected["default"]
    made = {}
    for name in sorted(set(regions) | (set(collected) - {"default"})):
        entry = collected.get(name)
        if entry is not None:
            made[name] = {"currency": entry.get("currency", "USD"), **figure(entry)}
        elif regions[name]["partition"] == "aws":
            reason = None if name == "us-east-1" else "the common price; that it holds here is not confirmed"
            made[name] = {"currency": "USD", **figure(common, reason)}
    return made


def generate():
    source = json.loads(SOURCE.read_text())
    collected = source["lambda"]
    regions = collected["regions"]
    free = collected["free_tier"]
    # "eusc-de-east-1 (EUR)" names a region; "aws-iso*" a partition, which the program tells by the region's name.
    without = [name.split()[0] for name in collected["regions_without_data"] if "*" not in name]
    logs = source["cloudwatch_logs"]["us_east_1"]
    return {
        "format": 1,
        "collected": source["collected"],
        "source": f"generated by generate_prices.py from sources/{SOURCE.name}, which names the source of each figure",
        "free_tier": {
            "requests_per_month": free["requests_per_month"],
            "gb_seconds_per_month": free["gb_seconds_per_month"],
        },
        "regions": {name: region_prices(regions[name], collected["tier_rule"]) for name in sorted(regions)},
        "regions_without_prices": sorted(without),
        "state_transition": state_transitions(source["step_functions"]["standard_per_state_transition"], regions),
        "free_state_transitions_per_month": source["step_functions"]["free_tier_transitions_per_month"],
        "log_ingest_gb": {"us-east-1": {"currency": "USD", **figure(logs["ingest_standard_gb"])}},
    }


def main():
    text = json.dumps(generate(), indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            sys.exit(f"{TARGET.name} is not what {Path(__file__).name} makes; run it and commit the result")
    else:
        TARGET.write_text(text)


if __name__ == "__main__":
    main()
