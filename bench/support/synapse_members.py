"""Fills a room of Synapse with members, in its database, while it does not run.

Usage: synapse_members.py DATABASE_URL ROOM_ID MEMBERS KNOCKS SERVER_NAME

So many people join the room after its creator, and so many knock on it after them: each a copy of the creator's own join
and of its rows, with another sender, another time and its own event id. Events between servers would need signatures; readers of the
room's state, which this is for, look at none.
"""

import json
import sys

import psycopg2
from psycopg2.extras import RealDictCursor, execute_values
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.events import make_event_from_dict

url, room_id, count, knocks, server_name = sys.argv[1:]
connection = psycopg2.connect(url)
cursor = connection.cursor(cursor_factory=RealDictCursor)


def one(query, *values):
    cursor.execute(query, values)
    return cursor.fetchone()


def copies(table, event_id, changes):
    """The rows of `table` about that event, once for each of the changes."""
    template = one(f"select * from {table} where event_id = %s", event_id)
    columns = list(template)
    rows = [[{**template, **change}[column] for column in columns] for change in changes]
    names = ", ".join(f'"{column}"' for column in columns)
    execute_values(cursor, f"insert into {table} ({names}) values %s", rows, page_size=1000)


version = KNOWN_ROOM_VERSIONS[one("select room_version from rooms where room_id = %s", room_id)["room_version"]]
find = "select event_id from current_state_events where room_id = %s and type = 'm.room.member'"
first = one(find, room_id)["event_id"]
stored = json.loads(one("select json from event_json where event_id = %s", first)["json"])
newest = one("select max(stream_ordering) as stream, max(depth) as depth from events")

members = []
for n in range(1, int(count) + int(knocks) + 1):
    membership = "join" if n <= int(count) else "knock"
    user_id = f"@member{n}:{server_name}"
    event = {
        **stored,
        "sender": user_id,
        "state_key": user_id,
        "content": {"membership": membership},
        "origin_server_ts": stored["origin_server_ts"] + n,
        "depth": newest["depth"] + n,
    }
    event_id = make_event_from_dict(event, version, {}).event_id
    members.append((n, user_id, event_id, membership, event))

copies(
    "events",
    first,
    [
        {
            "event_id": event_id,
            "sender": user_id,
            "state_key": user_id,
            "stream_ordering": newest["stream"] + n,
            "topological_ordering": event["depth"],
            "depth": event["depth"],
            "origin_server_ts": event["origin_server_ts"],
        }
        for n, user_id, event_id, _, event in members
    ],
)
copies(
    "event_json",
    first,
    [{"event_id": event_id, "json": json.dumps(event)} for _, _, event_id, _, event in members],
)
for table in ("state_events", "current_state_events"):
    ordering = table == "current_state_events"
    copies(
        table,
        first,
        [
            {
                "event_id": event_id,
                "state_key": user_id,
                **({"event_stream_ordering": newest["stream"] + n, "membership": membership} if ordering else {}),
            }
            for n, user_id, event_id, membership, _ in members
        ],
    )
copies(
    "room_memberships",
    first,
    [
        {
            "event_id": event_id,
            "user_id": user_id,
            "sender": user_id,
            "display_name": None,
            "membership": membership,
            "event_stream_ordering": newest["stream"] + n,
        }
        for n, user_id, event_id, membership, _ in members
    ],
)
one("select setval('events_stream_seq', %s)", newest["stream"] + len(members))
cursor.execute("analyze")
connection.commit()
