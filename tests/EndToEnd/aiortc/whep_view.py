#!/usr/bin/python3
"""Watches by WHEP for some seconds with aiortc, decoding everything, and prints one line of JSON:

    whep_view.py URL [--seconds N] [--bearer TOKEN]

{"connected": bool, "videoFrames": N, "width": W, "height": H, "videoMotion": X, "audioFrames": N, "audioSeconds": S, "audioRms": R,
 "firstVideoMs": N, "firstAudioMs": N}; audioRms is of full scale, videoMotion the mean change of luma between frames.
"""
import argparse
import asyncio
import json
import time

import aiohttp
import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError


class Counts:
    def __init__(self):
        self.start = time.monotonic()
        self.values = {
            "connected": False, "videoFrames": 0, "width": 0, "height": 0, "videoMotion": 0.0, "audioFrames": 0, "audioSeconds": 0.0,
            "audioRms": 0.0, "firstVideoMs": None, "firstAudioMs": None,
        }
        self.energy = 0.0
        self.samples = 0
        self.motion = 0.0
        self.last = None

    def elapsed(self):
        return round((time.monotonic() - self.start) * 1000)

    def video(self, frame):
        values = self.values
        values["firstVideoMs"] = values["firstVideoMs"] or self.elapsed()
        values["videoFrames"] += 1
        values["width"], values["height"] = frame.width, frame.height
        luma = frame.to_ndarray(format="gray")[::8, ::8].astype(numpy.int16)
        if self.last is not None and self.last.shape == luma.shape:
            self.motion += float(numpy.abs(luma - self.last).mean())
        self.last = luma

    def audio(self, frame):
        values = self.values
        values["firstAudioMs"] = values["firstAudioMs"] or self.elapsed()
        values["audioFrames"] += 1
        values["audioSeconds"] += frame.samples / frame.sample_rate
        samples = frame.to_ndarray().astype(numpy.float64) / 32768
        self.energy += float((samples ** 2).sum())
        self.samples += samples.size

    def result(self):
        values = self.values
        values["audioRms"] = round((self.energy / self.samples) ** 0.5, 4) if self.samples else 0.0
        values["videoMotion"] = round(self.motion / max(1, values["videoFrames"] - 1), 3)
        values["audioSeconds"] = round(values["audioSeconds"], 2)
        return values


async def consume(track, take):
    while True:
        try:
            take(await track.recv())
        except MediaStreamError:
            return


async def view(arguments):
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTransceiver("audio", direction="recvonly")
    peer.addTransceiver("video", direction="recvonly")
    counts, tasks, connected = Counts(), [], asyncio.Event()

    @peer.on("track")
    def arrived(track):
        tasks.append(asyncio.ensure_future(consume(track, counts.video if track.kind == "video" else counts.audio)))

    @peer.on("connectionstatechange")
    def changed():
        if peer.connectionState == "connected":
            counts.values["connected"] = True
            connected.set()

    await peer.setLocalDescription(await peer.createOffer())
    headers = {"Content-Type": "application/sdp"}
    if arguments.bearer:
        headers["Authorization"] = f"Bearer {arguments.bearer}"
    async with aiohttp.ClientSession() as http:
        async with http.post(arguments.url, data=peer.localDescription.sdp.encode(), headers=headers, allow_redirects=True) as response:
            body = await response.text()
            if response.status != 201:
                raise SystemExit(f"WHEP answered {response.status}: {body}")
            resource = response.url.join(aiohttp.client.URL(response.headers["Location"]))
        await peer.setRemoteDescription(RTCSessionDescription(body, "answer"))
        await asyncio.wait_for(connected.wait(), 15)
        await asyncio.sleep(arguments.seconds)
        headers.pop("Content-Type")
        async with http.delete(resource, headers=headers):
            pass
    result = counts.result()
    await peer.close()
    for task in tasks:
        task.cancel()
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bearer")
    asyncio.run(view(parser.parse_args()))
