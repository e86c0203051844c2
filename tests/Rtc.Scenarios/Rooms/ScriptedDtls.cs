using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// A handshake of one flight each way with fixed keys. OpenSSL's has randomness and a clock of its own, which virtual time cannot have; it is tested with real
/// sockets elsewhere.
/// </summary>
internal sealed class ScriptedDtls : IDtlsEngineFactory
{
    public Fingerprint LocalFingerprint { get; } = new("sha-256", new byte[32]);

    /// <summary>No association can be closed: that throws.</summary>
    public bool BreaksClosing { get; set; }

    public IDtlsEngine Create(DtlsRole role, Fingerprint remoteFingerprint, ReadOnlySpan<SrtpProfile> preferredProfiles) => new Engine(this, role);

    private sealed class Engine(ScriptedDtls factory, DtlsRole role) : IDtlsEngine
    {
        private const byte Handshake = 22; // RFC 5246 §6.2.1

        private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

        private int _toSend;

        public DtlsState State { get; private set; } = DtlsState.Handshaking;

        public string? FailureReason => null;

        public MonotonicTime Deadline { get; private set; } = MonotonicTime.Never;

        public SrtpKeys? Keys { get; private set; }

        public void Start(MonotonicTime now)
        {
            if (role == DtlsRole.Client)
            {
                _toSend++;
                Deadline = now + Retry;
            }
        }

        public void Receive(ReadOnlySpan<byte> datagram, MonotonicTime now)
        {
            _toSend += role == DtlsRole.Server ? 1 : 0;
            Deadline = MonotonicTime.Never;
            if (State == DtlsState.Handshaking)
            {
                State = DtlsState.Connected;
                var (local, remote) = role == DtlsRole.Client ? ((byte)1, (byte)2) : ((byte)2, (byte)1);
                Keys = new(SrtpProfile.AeadAes128Gcm, Filled(16, local), Filled(12, local), Filled(16, remote), Filled(12, remote));
            }
        }

        public void HandleDeadline(MonotonicTime now) => Start(now);

        public bool TryTakeDatagram(Span<byte> destination, out int length)
        {
            length = 0;
            if (_toSend == 0)
            {
                return false;
            }

            _toSend--;
            length = 200;
            destination[..length].Clear();
            destination[0] = Handshake;
            return true;
        }

        public void Rest()
        {
        }

        public bool TrySendData(ReadOnlySpan<byte> data) => false;

        public bool TryTakeData(Span<byte> destination, out int length)
        {
            length = 0;
            return false;
        }

        public void Close(MonotonicTime now) =>
            State = factory.BreaksClosing ? throw new InvalidOperationException("This scenario breaks it.") : DtlsState.Closed;

        public void Dispose()
        {
        }

        private static byte[] Filled(int length, byte value)
        {
            var bytes = new byte[length];
            Array.Fill(bytes, value);
            return bytes;
        }
    }
}
