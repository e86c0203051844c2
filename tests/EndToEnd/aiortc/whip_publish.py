#!/usr/bin/python3
"""Publishes a moving picture and a tone by WHIP for some seconds, with aiortc: a peer that shares no code with ours (AES128_CM).

    whip_publish.py URL [--seconds N] [--bearer TOKEN] [--frequency HZ]

Prints one line of JSON at the end: {"connected": bool, "seconds": N, "videoFrames": N, "audioFrames": N}.
"""
import argparse
import asyncio
import fractions
import json
import time

import aiohttp
import numpy
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, VideoFrame

WIDTH, HEIGHT, FRAME_RATE = 640, 360, 25
SAMPLE_RATE, SAMPLES = 48000, 960


class Picture(MediaStreamTrack):
    """A bright bar that wanders over a grey ramp."""

    kind = "video"

    def __init__(self):
        super().__init__()
        self.frames = 0
        self.start = None
        self.ramp = numpy.tile(numpy.linspace(40, 160, WIDTH, dtype=numpy.uint8)[None, :, None], (HEIGHT, 1, 3))

    async def recv(self):
        self.start = self.start or time.monotonic()
        await asyncio.sleep(max(0, self.start + self.frames / FRAME_RATE - time.monotonic()))
        picture = self.ramp.copy()
        left = self.frames * 8 % (WIDTH - 40)
        picture[:, left:left + 40] = 230
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = self.frames * 90000 // FRAME_RATE
        frame.time_base = fractions.Fraction(1, 90000)
        self.frames += 1
        return frame


class Tone(MediaStreamTrack):
    """A sine at half of full scale."""

    kind = "audio"

    def __init__(self, frequency):
        super().__init__()
        self.frequency = frequency
        self.frames = 0
        self.start = None

    async def recv(self):
        self.start = self.start or time.monotonic()
        await asyncio.sleep(max(0, self.start + self.frames * SAMPLES / SAMPLE_RATE - time.monotonic()))
        first = self.frames * SAMPLES
        wave = numpy.sin(2 * numpy.pi * self.frequency * (first + numpy.arange(SAMPLES)) / SAMPLE_RATE)
        frame = AudioFrame.from_ndarray((wave * 16384).astype(numpy.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = first
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self.frames += 1
        return frame


async def publish(arguments):
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    picture, tone = Picture(), Tone(arguments.frequency)
    for track in (tone, picture):
        peer.addTransceiver(track, direction="sendonly")
    connected, ended = asyncio.Event(), asyncio.Event()

    @peer.on("connectionstatechange")
    def changed():
        if peer.connectionState == "connected":
            connected.set()
        elif peer.connectionState in ("failed", "closed"):
            ended.set()

    await peer.setLocalDescription(await peer.createOffer())
    headers = {"Content-Type": "application/sdp"}
    if arguments.bearer:
        headers["Authorization"] = f"Bearer {arguments.bearer}"
    async with aiohttp.ClientSession() as http:
        async with http.post(arguments.url, data=peer.localDescription.sdp.encode(), headers=headers, allow_redirects=True) as response:
            body = await response.text()
            if response.status != 201:
                raise SystemExit(f"WHIP answered {response.status}: {body}")
            resource = response.url.join(aiohttp.client.URL(response.headers["Location"]))
        await peer.setRemoteDescription(RTCSessionDescription(body, "answer"))
        await asyncio.wait_for(connected.wait(), 15)
        try:
            await asyncio.wait_for(ended.wait(), arguments.seconds)
        except asyncio.TimeoutError:
            pass
        headers.pop("Content-Type")
        async with http.delete(resource, headers=headers):
            pass
    await peer.close()
    print(json.dumps({"connected": connected.is_set(), "seconds": arguments.seconds, "videoFrames": picture.frames, "audioFrames": tone.frames}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bearer")
    parser.add_argument("--frequency", type=float, default=440)
    asyncio.run(publish(parser.parse_args()))
