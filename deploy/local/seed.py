"""Fill a founded installation with the institutions and accounts of `cast.py`, by the registrar, over HTTP.

Each request has a key derived from a name, so that a second run repeats the same commands and changes nothing.
"""

from typing import Any

import httpx2

from deploy.local.cast import FOUNDING, MEMBERS, ORGANISATIONS, REGISTRAR, fixed_id, organisation_id
from deploy.local.problem import StackProblem
from deploy.local.waiting import wait_until

BUSY_SECONDS = 30.0
TIMEOUT_SECONDS = 30.0

Directory = dict[str, dict[str, str]]
"""`organisations` and `persons`: key of `cast.py` → id in custody."""


def seed(custody_url: str, registrar_token: str, issuer: str) -> Directory:
    """Register what is missing; the ids of all. Raises StackProblem with custody's words."""
    headers = {"Authorization": f"Bearer {registrar_token}"}
    with httpx2.Client(base_url=custody_url, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        organisations = {key: organisation_id(key) for key in FOUNDING}
        for key, one in ORGANISATIONS.items():
            if key not in organisations:
                body = {"name": one.name, "kind": one.kind, "independent": one.independent, "source": one.source}
                organisations[key] = _record(client, "/v1/organisations", f"organisation/{key}", body)
        persons = {REGISTRAR: fixed_id("person/registrar")}
        for key, member in MEMBERS.items():
            if key not in persons:
                persons[key] = _record(client, "/v1/persons", f"person/{key}", {"name": member.name})
                account = {
                    "organisation": organisations[member.organisation],
                    "role": member.role,
                    "issuer": issuer,
                    "subject": key,
                }
                _record(client, f"/v1/persons/{persons[key]}/accounts", f"account/{key}", account)
    return {"organisations": organisations, "persons": persons}


def _record(client: httpx2.Client, path: str, name: str, body: dict[str, Any]) -> str:
    """The id of what one command recorded; while custody is busy the same command is sent again."""
    headers = {"Idempotency-Key": fixed_id(f"seed/{name}")}

    def answered() -> httpx2.Response | None:
        answer = client.post(path, json=body, headers=headers)
        return None if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE else answer

    answer = wait_until(answered, BUSY_SECONDS, f"custody to record {name}", poll=0.2)
    if answer is None or not answer.is_success:
        raise StackProblem(
            f"Custody did not record {name}: {answer.status_code if answer else ''} {answer and answer.text}"
        )
    return str(answer.json()["id"])
