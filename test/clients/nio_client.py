"""A person with matrix-nio, driven from a test over JSON lines.

Usage: nio_client.py SERVER_URL NAME

Registers and logs in as NAME, syncs for ever, and
- prints {"ready": USER_ID} after the first sync,
- prints {"event": {...}} for each membership and message that nio reports from a timeline, {"invited": {...}} for each
  invite, and {"unknown": {...}} for each event that nio could not make sense of,
- reads {"id": N, "method": NAME, "args": {...}}, calls that method of nio's client, and prints {"id": N, "is": the class
  of nio's response, "error": its code or null},
- reads {"id": N, "show": ROOM_ID}, and prints {"id": N, "room": what nio shows of the room, or null}.
It ends with its standard input.
"""

import asyncio
import json
import sys

from nio import (
    AsyncClient,
    BadEvent,
    ErrorResponse,
    InviteMemberEvent,
    RoomMemberEvent,
    RoomMessageText,
    SyncError,
    SyncResponse,
    UnknownBadEvent,
)


def say(told):
    print(json.dumps(told), flush=True)


def listen(client):
    def member(room, event):
        say(
            {
                "event": {
                    "room": room.room_id,
                    "sender": event.sender,
                    "target": event.state_key,
                    "membership": event.membership,
                    "before": event.prev_membership,
                    "reason": event.content.get("reason"),
                }
            }
        )

    def message(room, event):
        say({"event": {"room": room.room_id, "sender": event.sender, "body": event.body}})

    def invited(room, event):
        if event.state_key == client.user_id and event.membership == "invite":
            say({"invited": {"room": room.room_id, "by": event.sender, "name": room.display_name}})

    def unknown(room, event):
        say({"unknown": {"room": room.room_id, "source": event.source}})

    async def failed(response):
        say({"unknown": {"sync": response.message}})

    client.add_event_callback(member, RoomMemberEvent)
    client.add_event_callback(message, RoomMessageText)
    client.add_event_callback(invited, InviteMemberEvent)
    client.add_event_callback(unknown, (BadEvent, UnknownBadEvent))
    client.add_response_callback(failed, SyncError)


def shown(client, room_id):
    room = client.rooms.get(room_id)
    if room is None:
        return None
    users = {user_id: {"name": room.user_name(user_id), "invited": user.invited} for user_id, user in room.users.items()}
    return {"name": room.display_name, "users": users, "joined": room.joined_count, "joinRule": room.join_rule}


async def obey(client, order):
    if "show" in order:
        say({"id": order["id"], "room": shown(client, order["show"])})
        return
    response = await getattr(client, order["method"])(**order["args"])
    error = (response.status_code or response.message) if isinstance(response, ErrorResponse) else None
    made = getattr(response, "room_id", None)
    say({"id": order["id"], "is": type(response).__name__, "error": error, "room_id": made})


async def main(url, name):
    client = AsyncClient(url, name)
    password = f"password of {name}"
    for response in (await client.register(name, password), await client.login(password)):
        if isinstance(response, ErrorResponse):
            raise RuntimeError(f"{name}: {response}")
    listen(client)
    first = asyncio.Event()
    client.add_response_callback(lambda _response: asyncio.sleep(0, first.set()), SyncResponse)
    syncing = asyncio.create_task(client.sync_forever(timeout=30_000))
    await first.wait()
    say({"ready": client.user_id})
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    at_work = set()
    while line := await orders.readline():
        task = asyncio.create_task(obey(client, json.loads(line)))
        at_work.add(task)
        task.add_done_callback(at_work.discard)
    syncing.cancel()
    await client.close()


asyncio.run(main(*sys.argv[1:]))
