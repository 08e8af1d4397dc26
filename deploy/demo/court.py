"""A court's date: from when the proposed samples could be given up, computed without any server, and explained."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.demo.teller import Teller
from deploy.demo.troupe import Troupe
from deploy.local.commands import CHECKOUT
from deploy.local.problem import StackProblem

ZONE = "America/Chihuahua"


def court_date(troupe: Troupe, teller: Teller, event: Path) -> None:
    """The same question before and after counsel was served: never, then a date with each step of its counting."""
    teller.step("A court asks from when these samples could be given up. It needs a file and no server of ours.")
    proposal = json.loads(event.read_bytes())
    unserved = question(troupe, proposal)
    teller.say("so far counsel was only written to:")
    teller.quote(result(asked(troupe, "question.json", unserved)))
    served_at, order_at = datetime.fromisoformat(proposal["time"]), f"{proposal['data']['planned_on']}T12:00:00-06:00"
    late = (served_at + timedelta(hours=1)).isoformat()
    unserved["notice"]["facts"]["facts"] += [
        {
            "kind": "served",
            "recipient": "counsel",
            "at": late,
            "recorded_at": late,
            "by": "court",
            "proof": "court_record",
        },
        {"kind": "order_entered", "at": order_at, "recorded_at": order_at, "by": "court"},
    ]
    teller.say("if the court has counsel served today, and orders it on the planned day:")
    told = asked(troupe, "question-served.json", unserved)
    teller.quote(told)
    if "Not permitted" in told:
        raise StackProblem("The clock did not answer a question whose facts are complete.")


def question(troupe: Troupe, proposal: dict[str, Any]) -> dict[str, Any]:
    """What is known when the notice has just gone out, in the form of docs/law/asking.md."""
    item = proposal["data"]["items"][0]
    sample = troupe.at("custody", "prosecutor").get(f"/v1/samples/{item['sample']}")
    sent = {
        "kind": "sent",
        "recipient": "counsel",
        "at": proposal["time"],
        "recorded_at": proposal["time"],
        "by": "notify",
    }
    return {
        "calendars": [{"calendar": "weekends-only", "zone": ZONE}],
        "item": {
            "item": item["label"],
            "dates": {"collection": [{"value": sample["collected_at"][:10], "by": "other"}]},
        },
        "cases": [{"facts": {"case": item["case"]}, "rules": ["flat:FLAT-20"]}],
        "notice": {
            "rules": ["flat:FLAT-NOTICE"],
            "facts": {"recipients": [{"id": "counsel", "kind": "counsel"}], "facts": [sent]},
        },
    }


def asked(troupe: Troupe, name: str, what: dict[str, Any]) -> str:
    """The answer as a page, from the command that anybody can run."""
    file = troupe.folder("court") / name
    file.write_text(json.dumps(what, indent=1))
    argv = [sys.executable, "-m", "services.custody", "clock", str(file), "--language", "en"]
    told = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise StackProblem(f"The clock did not take its question: {told.stderr}")
    return told.stdout


def result(page: str) -> str:
    """The page without the steps between: the result, and what is missing."""
    return "\n".join(part for part in page.split("\n\n") if not part.startswith("How it was counted"))
