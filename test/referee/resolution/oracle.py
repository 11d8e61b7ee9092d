"""Synapse as the referee of state resolution: reads rooms, answers how its own algorithm resolves their forks.

A line of stdin is a room: {"version": "12", "events": [pdu, ...], "rejected": [index, ...], "merges": [[state, ...], ...]},
where a state is a list of indexes of events. A line of stdout answers it: {"merges": [state, ...]}, each ascending.

Synapse asks its database for what the auth chains do not share and for the conflicted subgraph; here both are computed as
they are defined, over sets of bits. Everything else is Synapse's.
"""

import json
import sys

from twisted.internet import defer

# First of Synapse's: it and synapse.state import each other.
import synapse.event_auth  # noqa: F401
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.events import make_event_from_json
from synapse.state import v2
from synapse.storage.databases.main.event_federation import StateDifference


class Clock:
    async def sleep(self, duration):
        return None


class Store:
    """The events of a room, each with its auth chain as the bits of a number, itself included."""

    def __init__(self, events):
        self.events = {event.event_id: event for event in events}
        self.ids = [event.event_id for event in events]
        self.places = {event_id: at for at, event_id in enumerate(self.ids)}
        self.chains = {}
        for at, event in enumerate(events):
            chain = 1 << at
            for auth_id in event.auth_event_ids():
                chain |= self.chains[auth_id]
            self.chains[event.event_id] = chain

    async def get_events(self, event_ids, allow_rejected=False):
        found = {event_id: self.events[event_id] for event_id in event_ids if event_id in self.events}
        return {event_id: event for event_id, event in found.items() if allow_rejected or not event.rejected_reason}

    def chain_of(self, event_ids):
        chain = 0
        for event_id in event_ids:
            chain |= self.chains[event_id]
        return chain

    def named(self, bits):
        return {event_id for at, event_id in enumerate(self.ids) if bits >> at & 1}

    async def get_auth_chain_difference(self, room_id, state_sets, conflicted_state, additional):
        # "Additional" events only stand in for events that are not in the database yet; here all are.
        assert not additional
        some, every = 0, -1
        for state_set in state_sets:
            chain = self.chain_of(state_set)
            some |= chain
            every &= chain
        subgraph = None
        if conflicted_state is not None:
            ends = 0
            for event_id in conflicted_state:
                ends |= 1 << self.places[event_id]
            below = self.named(self.chain_of(conflicted_state))
            subgraph = {event_id for event_id in below if self.chains[event_id] & ends}
        return StateDifference(auth_difference=self.named(some & ~every), conflicted_subgraph=subgraph)


def finish(coroutine):
    """Runs what never has to wait."""
    results, failures = [], []
    defer.ensureDeferred(coroutine).addCallbacks(results.append, failures.append)
    if failures:
        failures[0].raiseException()
    return results[0]


def resolve(states, events, store, version):
    state_sets = [
        {(events[at].type, events[at].state_key): events[at].event_id for at in state} for state in states
    ]
    resolved = finish(
        v2.resolve_events_with_store(Clock(), events[0].room_id, version, state_sets, {}, store)
    )
    return sorted(store.places[event_id] for event_id in resolved.values())


def main():
    for line in sys.stdin:
        room = json.loads(line)
        version = KNOWN_ROOM_VERSIONS[room["version"]]
        rejected = set(room["rejected"])
        events = [
            make_event_from_json(json.dumps(pdu), version, rejected_reason="auth_error" if at in rejected else None)
            for at, pdu in enumerate(room["events"])
        ]
        store = Store(events)
        merges = [resolve(states, events, store, version) for states in room["merges"]]
        sys.stdout.write(json.dumps({"merges": merges}) + "\n")
        sys.stdout.flush()


main()
