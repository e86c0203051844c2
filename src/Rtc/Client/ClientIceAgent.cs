using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>
/// ICE with one candidate pair. As controlling agent against an ICE-lite peer it checks, nominates at once (RFC 8445 §8.1.1) and keeps
/// consent fresh (RFC 7675); it also answers checks, which is all that the lite side does.
/// </summary>
internal sealed class ClientIceAgent
{
    // RFC 8445 §5.1.2.1: host candidate of component 1: 126 × 2^24 + 65535 × 2^8 + 255, offered as peer-reflexive (110).
    private const uint PeerReflexivePriority = (110u << 24) + (65_535u << 8) + 255;
    private const int RememberedTransactions = 4;

    // RFC 7675 §5.1.
    private static readonly TimeSpan ConsentLifetime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetransmission = TimeSpan.FromMilliseconds(500);

    private readonly byte[] _username;
    private readonly byte[] _localUfrag;
    private readonly byte[] _localPassword;
    private readonly byte[] _remotePassword;
    private readonly bool _sendsChecks;
    private readonly TimeSpan _consentInterval;
    private readonly Func<int, int> _chance;
    private readonly ulong _tieBreaker;
    private readonly byte[] _transactions = new byte[RememberedTransactions * StunFormat.TransactionIdLength];
    private int _transactionCount;
    private TimeSpan _retransmission = FirstRetransmission;
    private MonotonicTime _consentExpires = MonotonicTime.Never;

    public ClientIceAgent(IceCredentials local, IceCredentials remote, ClientPeerOptions options)
    {
        _username = Encoding.ASCII.GetBytes($"{remote.Ufrag}:{local.Ufrag}");
        _localUfrag = Encoding.ASCII.GetBytes(local.Ufrag + ":");
        _localPassword = Encoding.ASCII.GetBytes(local.Password);
        _remotePassword = Encoding.ASCII.GetBytes(remote.Password);
        _sendsChecks = options.SendsChecks;
        _consentInterval = options.ConsentInterval;
        _chance = options.Chance;
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        _tieBreaker = BitConverter.ToUInt64(random);
    }

    /// <summary>The pair is nominated.</summary>
    public bool Connected { get; private set; }

    public MonotonicTime NextCheck { get; private set; } = MonotonicTime.Never;

    public bool ConsentLost(MonotonicTime now) => now >= _consentExpires;

    public MonotonicTime Deadline => MonotonicTime.Min(NextCheck, _consentExpires);

    public void Start(MonotonicTime now) => NextCheck = _sendsChecks ? now : MonotonicTime.Never;

    /// <summary>Writes the due check; 0 when none is due.</summary>
    public int WriteCheck(Span<byte> buffer, MonotonicTime now)
    {
        if (now < NextCheck)
        {
            return 0;
        }

        Span<byte> transaction = stackalloc byte[StunFormat.TransactionIdLength];
        RandomNumberGenerator.Fill(transaction);
        transaction.CopyTo(_transactions.AsSpan(_transactionCount++ % RememberedTransactions * StunFormat.TransactionIdLength));
        var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, transaction);
        writer.AddAttribute(StunAttribute.Username, _username);
        writer.AddUInt32(StunAttribute.Priority, PeerReflexivePriority);
        writer.AddUInt64(StunAttribute.IceControlling, _tieBreaker);
        writer.AddAttribute(StunAttribute.UseCandidate, []);
        writer.AddMessageIntegrity(_remotePassword);
        writer.AddFingerprint();
        if (Connected)
        {
            var factor = 0.8 + (_chance(4_001) / 10_000.0);
            NextCheck = now + (_consentInterval * factor);
        }
        else
        {
            NextCheck = now + _retransmission;
            _retransmission = _retransmission * 2 < LastRetransmission ? _retransmission * 2 : LastRetransmission;
        }

        return writer.Overflowed ? 0 : writer.Length;
    }

    /// <summary>Takes one STUN message. A reply, when one is due, is written to <paramref name="reply"/>.</summary>
    /// <returns>Length of the reply, 0 for none.</returns>
    public int Receive(ReadOnlySpan<byte> datagram, TransportAddress source, Span<byte> reply, MonotonicTime now)
    {
        if (!StunReader.TryRead(datagram, out var message) || message.Method != StunMethod.Binding)
        {
            return 0;
        }

        switch (message.Class)
        {
            case StunClass.SuccessResponse when IsOurs(message.TransactionId) && message.VerifyMessageIntegrity(_remotePassword):
                _consentExpires = now + ConsentLifetime;
                if (!Connected)
                {
                    Connected = true;
                    NextCheck = now + _consentInterval;
                }

                return 0;
            case StunClass.Request
                when message.TryGetUsername(out var name) && name.StartsWith(_localUfrag) && message.VerifyMessageIntegrity(_localPassword):
                if (!_sendsChecks)
                {
                    Connected |= message.HasUseCandidate;
                    _consentExpires = now + ConsentLifetime;
                }

                var writer = new StunWriter(reply, StunClass.SuccessResponse, StunMethod.Binding, message.TransactionId);
                writer.AddXorMappedAddress(source);
                writer.AddMessageIntegrity(_localPassword);
                writer.AddFingerprint();
                return writer.Overflowed ? 0 : writer.Length;
            default:
                return 0;
        }
    }

    private bool IsOurs(ReadOnlySpan<byte> transactionId)
    {
        for (var i = 0; i < Math.Min(_transactionCount, RememberedTransactions); i++)
        {
            if (transactionId.SequenceEqual(_transactions.AsSpan(i * StunFormat.TransactionIdLength, StunFormat.TransactionIdLength)))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>ICE user fragment and password (RFC 8839 §5.4).</summary>
public sealed record IceCredentials(string Ufrag, string Password)
{
    private const string IceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// <summary>RFC 8839 §5.4 wants 24 bits in the ufrag and 128 in the password; these have 48 and 144.</summary>
    public static IceCredentials Create() => new(RandomNumberGenerator.GetString(IceChars, 8), RandomNumberGenerator.GetString(IceChars, 24));
}
