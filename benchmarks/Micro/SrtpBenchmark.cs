using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Srtp;

namespace Events.Benchmarks.Micro;

/// <summary>Protects and opens one RTP packet of 1,100 bytes. Expected allocations: none.</summary>
[MemoryDiagnoser]
public class SrtpBenchmark
{
    private const int PacketLength = 1_100;
    private const uint Ssrc = 0x1234_5678;

    private readonly byte[] _buffer = new byte[PacketLength + SrtpProfileSizes.MaxOverhead];
    private readonly byte[] _received = new byte[PacketLength + SrtpProfileSizes.MaxOverhead];
    private readonly byte[] _scratch = new byte[PacketLength + SrtpProfileSizes.MaxOverhead];
    private int _receivedLength;
    private SrtpSender _sender = null!;
    private ISrtpCipher _opener = null!;
    private SrtpSendStream _stream = null!;
    private ushort _sequence;

    [Params(SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80)]
    public SrtpProfile Profile { get; set; }

    [Params("default", "EVP", "managed")]
    public string Library { get; set; } = "default";

    [GlobalSetup]
    public void Prepare()
    {
        var factory = Library switch
        {
            "EVP" => EvpSrtpCipherFactory.Instance,
            "managed" => ManagedSrtpCipherFactory.Instance,
            _ => SrtpCiphers.Default,
        };
        var key = new byte[SrtpProfileSizes.KeyLength];
        var salt = new byte[Profile.SaltLength()];
        _sender = new(factory.Create(Profile, key, salt));
        _opener = factory.Create(Profile, key, salt);
        _stream = _sender.OpenStream(Ssrc);
        _buffer[0] = 0x80;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(8), Ssrc);
        _buffer.CopyTo(_received, 0);
        _receivedLength = _opener.ProtectRtp(_received, PacketLength, 12, Ssrc, 0);
    }

    [GlobalCleanup]
    public void Clean()
    {
        _sender.Dispose();
        _opener.Dispose();
    }

    [Benchmark]
    public int Protect()
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(2), _sequence++);
        return _sender.ProtectRtp(_stream, _buffer, PacketLength);
    }

    /// <summary>Includes copying the packet back, about 20 ns.</summary>
    [Benchmark]
    public bool Open()
    {
        _received.CopyTo(_scratch, 0);
        return _opener.TryUnprotectRtp(_scratch.AsSpan(0, _receivedLength), 12, Ssrc, 0, out _);
    }
}
