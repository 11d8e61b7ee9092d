"""Synapse as the referee: reads batches of cases, answers what its own authorisation rules say to each.

A line of stdin is a batch: {"version": "12", "events": [pdu, ...], "rejected": [index, ...], "cases": [{"state": [index, ...],
"others": [index, ...], "event": pdu}, ...]}. A line of stdout answers it: {"answers": [[allowed, reason, keys], ...]}, where
keys are the (type, state_key) pairs that Synapse would judge the event by, or null where it cannot tell.

What is done with an event is what Synapse does with one from another server: the checks of its format and of the
signatures it must carry (which signatures are good is not asked), of its auth_events, and of the rules, first on the
state its auth_events make and then on the state before it.
"""

import json
import sys

from synapse import event_auth
from synapse.api.errors import SynapseError
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.events import make_event_from_json
from synapse.federation.federation_base import event_from_pdu_json


class Store:
    """The events of a batch, by id: as much of a database as the rules ask for."""

    def __init__(self, events):
        self.events = {event.event_id: event for event in events}

    async def get_events(self, event_ids, redact_behaviour=None, get_prev_content=False, allow_rejected=False):
        found = {event_id: self.events[event_id] for event_id in event_ids if event_id in self.events}
        return {event_id: event for event_id, event in found.items() if allow_rejected or not event.rejected_reason}


def finish(coroutine):
    """Runs a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("the coroutine waits for something")


def check(event, state, store):
    event_auth.validate_event_for_room_version(event)
    finish(event_auth.check_state_independent_auth_rules(store, event))
    cited = finish(store.get_events(event.auth_event_ids()))
    event_auth.check_state_dependent_auth_rules(event, cited.values())
    wanted = event_auth.auth_types_for_event(event.room_version, event)
    before = [other for other in state if (other.type, other.state_key) in wanted]
    if {other.event_id for other in before} != set(cited):
        event_auth.check_state_dependent_auth_rules(event, before)


def keys_of(event):
    try:
        return sorted(event_auth.auth_types_for_event(event.room_version, event))
    except Exception:
        return None


def judge(case, events, version):
    state = [events[at] for at in case["state"]]
    store = Store(state + [events[at] for at in case.get("others", [])])
    try:
        event = event_from_pdu_json(case["event"], version)
    except Exception as error:
        return [False, f"{type(error).__name__}: {error}", None]
    try:
        check(event, state, store)
    except SynapseError as error:
        return [False, error.msg, keys_of(event)]
    except Exception as error:
        # Synapse stumbles over some malformed events: it drops them, so they are not allowed either.
        return [False, f"{type(error).__name__}: {error}", keys_of(event)]
    return [True, "", keys_of(event)]


def main():
    for line in sys.stdin:
        batch = json.loads(line)
        version = KNOWN_ROOM_VERSIONS[batch["version"]]
        rejected = set(batch.get("rejected", []))
        events = [
            make_event_from_json(json.dumps(pdu), version, rejected_reason="auth_error" if at in rejected else None)
            for at, pdu in enumerate(batch["events"])
        ]
        answers = [judge(case, events, version) for case in batch["cases"]]
        sys.stdout.write(json.dumps({"answers": answers}) + "\n")
        sys.stdout.flush()


main()
