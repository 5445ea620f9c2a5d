# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy in front of a server that breaks answers on purpose: connection reset after so many bytes of a body, 503 for
the first requests, a body that stalls or trickles, one that is cut off or whose bytes differ, or something that happens
between request and answer. Faults are programmed per path and counted down. The Host header is passed on as it came, so signatures stay valid.
"""
import asyncio
import contextlib
import re
import socket
import struct
import threading

from tests.servers import process

_BLOCK = 64 * 1024
_SLOW_PARTS, _SLOW_S = 16, 0.01  # of each block


class Fault:
    """One kind of damage for answers whose "METHOD path?query" matches `pattern`, `times` times (None: always)."""

    def __init__(self, kind, pattern, times, after_bytes, on_hit):
        self.kind = kind  # reset, unavailable, stall, slow, truncate, corrupt, before
        self.on_hit = on_hit  # called before the damage is done; before: before the request goes on, and no damage
        self.pattern = re.compile(pattern)
        self.times = times
        self.after_bytes = after_bytes
        self.hits = 0


class FaultProxy:
    """`endpoint` takes the place of http://127.0.0.1:`target_port`. Runs in a thread of its own."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.port = process.free_port()
        self.faults = []
        self.requests = []  # "METHOD path?query" in the order they came
        self.down = False   # refuses connections
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the proxy does not start")
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def add(self, kind, pattern=".*", times=1, after_bytes=0, on_hit=None):
        fault = Fault(kind, pattern, times, after_bytes, on_hit)
        self.faults.append(fault)
        return fault

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve_until_stopped())
        self._loop.close()

    async def _serve_until_stopped(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        open_connections = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_connections:
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)

    def _fault_of(self, request):
        for fault in self.faults:
            if (fault.times is None or fault.hits < fault.times) and fault.pattern.search(request):
                fault.hits += 1
                return fault
        return None

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, OSError):
            while not self.down:
                head = await reader.readuntil(b"\r\n\r\n")
                request = b" ".join(head.split(b"\r\n")[0].split(b" ")[:2]).decode()
                self.requests.append(request)
                fault = self._fault_of(request)
                if fault and fault.kind == "unavailable":
                    body = b"<Error><Code>SlowDown</Code><Message>reduce your rate</Message></Error>"
                    writer.write(b"HTTP/1.1 503 Slow Down\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                    await writer.drain()
                    continue
                if fault and fault.kind == "before":
                    await self._loop.run_in_executor(None, fault.on_hit)
                    fault = None
                if not await self._forward(head, writer, fault):
                    break
        writer.close()

    async def _forward(self, head, writer, fault):
        """Passes one request without a body on, and its answer back. False: the connection is done."""
        reader, upstream = await asyncio.open_connection("127.0.0.1", self.target_port)
        try:
            upstream.write(head)
            await upstream.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer)
            left = 0 if head.startswith(b"HEAD") else int(length.group(1)) if length else -1
            writer.write(answer)
            sent = 0
            while left:
                block = await reader.read(_BLOCK if left < 0 else min(_BLOCK, left))
                if not block:
                    return False
                size = len(block)
                if fault and sent + size > fault.after_bytes:
                    block = await self._damage(fault, block, sent, writer)
                    if block is None:
                        return False
                writer.write(block)
                await writer.drain()
                sent += size
                left -= size if left > 0 else 0
            return left == 0
        finally:
            upstream.close()

    async def _damage(self, fault, block, sent, writer):
        """The block to send instead; None when the connection ended here."""
        keep = max(0, fault.after_bytes - sent)
        if fault.kind == "slow":
            part = len(block) // _SLOW_PARTS + 1
            for start in range(0, len(block), part):
                writer.write(block[start:start + part])
                await writer.drain()
                await asyncio.sleep(_SLOW_S)  # what a slow link is
            return b""
        if fault.kind == "corrupt":
            return block[:keep] + bytes([block[keep] ^ 1]) + block[keep + 1:] if keep < len(block) and sent <= fault.after_bytes else block
        writer.write(block[:keep])
        await writer.drain()
        if fault.on_hit:
            await self._loop.run_in_executor(None, fault.on_hit)
        if fault.kind == "stall":
            await asyncio.Event().wait()
        if fault.kind == "reset":
            # No lingering: the close sends RST instead of FIN.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return None
