using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>The media node's end of a relay: a roster, and packets to whoever subscribed.</summary>
public sealed class FakeRelay : IDisposable
{
    private readonly Socket _listener;
    private readonly Lock _gate = new();
    private readonly List<Socket> _clients = [];
    private readonly List<(string Key, byte[] Message)> _roster = [];

    public FakeRelay(string path)
    {
        Path = path;
        File.Delete(path);
        _listener = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(16);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    /// <summary>As a media node tells times.</summary>
    private static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public string Path { get; }

    /// <summary>It takes no subscription.</summary>
    public bool Refuses { get; set; }

    /// <summary>Subscriptions that were refused.</summary>
    public int Refusals { get; private set; }

    public ConcurrentQueue<uint> KeyframeRequests { get; } = new();

    /// <summary>Subscribers now.</summary>
    public int Clients
    {
        get
        {
            lock (_gate)
            {
                return _clients.Count;
            }
        }
    }

    public void Join(string participant, string name) =>
        Tell(participant, RelayCodec.Encode(RelayMessageType.ParticipantJoined, new RelayParticipant(Now, participant, participant + ".tab", name, "speaker")));

    public void Leave(string participant)
    {
        Forget(participant);
        Send(RelayCodec.Encode(RelayMessageType.ParticipantLeft, new RelayParticipantLeft(Now, participant)));
    }

    public void Publish(string participant, uint handle, TrackSource source, string codec, string fmtp = "", TrackEncryption encryption = TrackEncryption.None)
    {
        var audio = codec == "opus";
        var track = new RelayTrack(
            Now, handle, $"t{handle}", participant, audio ? TrackKind.Audio : TrackKind.Video, source, codec, audio ? 48_000 : 90_000, audio ? 2 : 0, fmtp, false)
        {
            Encryption = encryption,
        };
        Tell($"{participant}/{handle}", RelayCodec.Encode(RelayMessageType.TrackPublished, track));
    }

    public void Unpublish(string participant, uint handle)
    {
        Forget($"{participant}/{handle}");
        Send(RelayCodec.Encode(RelayMessageType.TrackUnpublished, new RelayTrackUnpublished(Now, handle)));
    }

    public void Mute(uint handle, bool muted) =>
        Send(RelayCodec.Encode(RelayMessageType.TrackMuted, new RelayTrackMuted(Now, handle, muted)));

    public void Rtp(uint handle, byte[] packet)
    {
        var message = new byte[RelayCodec.RtpHeaderLength + packet.Length];
        RelayCodec.WriteRtpHeader(message, handle, Now);
        packet.CopyTo(message, RelayCodec.RtpHeaderLength);
        Send(message);
    }

    public void SenderReport(uint handle, long senderNs, uint rtpTimestamp)
    {
        var message = new byte[RelayCodec.SenderReportLength];
        RelayCodec.WriteSenderReport(message, handle, Now, NtpTime.FromUnixNanoseconds(senderNs).Value, rtpTimestamp);
        Send(message);
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_gate)
        {
            _clients.ForEach(c => c.Dispose());
            _clients.Clear();
        }
    }

    private void Tell(string key, byte[] message)
    {
        lock (_gate)
        {
            _roster.Add((key, message));
            Broadcast(message);
        }
    }

    private void Forget(string key)
    {
        lock (_gate)
        {
            _roster.RemoveAll(r => r.Key == key || r.Key.StartsWith(key + "/", StringComparison.Ordinal));
        }
    }

    private void Send(byte[] message)
    {
        lock (_gate)
        {
            Broadcast(message);
        }
    }

    private void Broadcast(byte[] message)
    {
        foreach (var client in _clients.ToList())
        {
            try
            {
                client.Send(message);
            }
            catch (SocketException)
            {
                _clients.Remove(client);
            }
        }
    }

    private void Accept()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = _listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            new Thread(() => Serve(client)) { IsBackground = true }.Start();
        }
    }

    private void Serve(Socket client)
    {
        var buffer = new byte[RelayCodec.MaxMessageLength];
        try
        {
            var length = client.Receive(buffer);
            if (length == 0 || buffer[0] != (byte)RelayMessageType.Subscribe)
            {
                client.Dispose();
                return;
            }

            if (Refuses)
            {
                Refusals++;
                client.Send(RelayCodec.Encode(RelayMessageType.Error, new RelayError("relay_refused", "Not you.")));
                client.Dispose();
                return;
            }

            lock (_gate)
            {
                _roster.ForEach(r => client.Send(r.Message));
                client.Send([(byte)RelayMessageType.Ready, (byte)'{', (byte)'}']);
                _clients.Add(client);
            }

            while ((length = client.Receive(buffer)) > 0)
            {
                if (buffer[0] == (byte)RelayMessageType.RequestKeyframe)
                {
                    KeyframeRequests.Enqueue(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(1)));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The mixer, or the test, is gone.
        }
        finally
        {
            lock (_gate)
            {
                _clients.Remove(client);
            }
        }
    }
}
