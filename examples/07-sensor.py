# Sends JSON frames to a server. Requires the package websockets: pip install websockets, or Debian's python3-websockets.
import asyncio, itertools, json, math, sys, websockets

async def send(socket):
    for t in itertools.count():
        await socket.send(json.dumps([math.sin(t / 8), t % 50 / 50]))
        await asyncio.sleep(0.02)

async def main(address="ws://127.0.0.1:8080/ingest/python?rate=50&channels=sine,sawtooth"):
    async with websockets.connect(address) as socket:
        sending = asyncio.create_task(send(socket))
        async for reply in socket:  # welcome, acknowledgments, errors
            print(reply, flush=True)

asyncio.run(main(*sys.argv[1:]))
