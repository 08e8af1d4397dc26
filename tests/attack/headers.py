"""Keys and versions that are missing, doubled, malformed, another's, or of another request."""

from collections.abc import Iterator

from tests.attack.attack import Attack, Front, with_another
from tests.attack.target import Target

NAME = {"name": "Persona"}
KEYS: dict[str, str | None] = {
    "no UUID": "key-1",
    "nothing": "",
    "in braces": "{6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a02}",
    "as URN": "urn:uuid:6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a02",
    "without dashes": "6f1c9d1e5b0a4f0e9a502d1f6f7f0a02",
    "half quoted": '"6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a02',
    "a list": "6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a02, 6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a03",
    "SQL": "' OR 1=1 --",
    "4,000 characters": "a" * 4_000,
}
VERSIONS = {
    "weak": 'W/"1"', "any": "*", "unquoted": "1", "a list": '"1", "2"', "nothing": '""', "below nothing": '"-1"',
    "nought": '"0"', "a word": '"one"', "without end": '"' + "9" * 400 + '"', "with a zero before": '"01"',
}  # fmt: skip


def attacks(target: Target, court: Front, custodian: Front, lab: Front) -> Iterator[Attack]:
    """All at custody."""
    yield court.post("no key", "/v1/persons", NAME, 400, "missing-key", idempotency_key=None)
    for name, key in KEYS.items():
        yield court.post(f"a key: {name}", "/v1/persons", NAME, 400, "malformed-key", idempotency_key=key)
    one = court.post("two keys", "/v1/persons", NAME, 400, "missing-key")
    yield with_another(one, "idempotency-key", "6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a03", 400, "missing-key")
    path, used = f"/v1/offers/{target.offer['id']}:accept", target.used
    receipt = {"receipts": [{"sample": target.sample["id"], "seal": target.sample["seal"], "condition": "intact"}]}
    yield custodian.post("no version", path, receipt, 428, "version-needed")
    for name, version in VERSIONS.items():
        yield custodian.post(f"a version: {name}", path, receipt, 400, "malformed-version", if_match=version)
    fresh = custodian.post("two versions", path, receipt, 400, "malformed-version", if_match='"1"')
    yield with_another(fresh, "if-match", '"2"', 400, "malformed-version")
    yield custodian.post("a stale version", path, receipt, 412, "stale-version", if_match='"7"')
    other = {"receipts": [{**used["body"]["receipts"][0], "seal": "S-0"}]}
    again = {"idempotency_key": used["key"], "if_match": '"1"'}
    yield custodian.post("a used key, another body", used["path"], other, 422, "key-reused", **again)
    yield custodian.post("a used key, another path", path, receipt, 422, "key-reused", **again)
    yield custodian.post("a used key, the same again", used["path"], used["body"], 200, None, **again)
    yield custodian.post(
        "a used key in upper case",
        used["path"],
        used["body"],
        200,
        None,
        idempotency_key=used["key"].upper(),
        if_match='"1"',
    )
    amendment = {"changes": {"seal": "S-2"}, "reason": "Error"}
    yield lab.post(
        "an amendment without a version",
        f"/v1/samples/{target.sample['id']}/amendments",
        amendment,
        428,
        "version-needed",
    )
    yield lab.post(
        "an amendment of a stale version",
        f"/v1/samples/{target.sample['id']}/amendments",
        amendment,
        412,
        "stale-version",
        if_match='"9"',
    )
