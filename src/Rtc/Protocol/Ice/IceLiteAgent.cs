using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Ice;

/// <summary>What came of a connectivity check.</summary>
public enum IceCheckResult
{
    /// <summary>Not a check of this agent, or not worth an answer.</summary>
    Ignored,

    /// <summary>An error response was written.</summary>
    Refused,

    /// <summary>Authenticated; a success response was written.</summary>
    Succeeded,

    /// <summary>Authenticated, and its address is now the one that we send to.</summary>
    Selected,
}

/// <summary>
/// The lite half of ICE (RFC 8445 §2.5, §6.1.1): it answers checks, follows the controlling side's nomination, and keeps
/// consent (RFC 7675) as long as authenticated checks arrive. It never sends a check of its own.
/// </summary>
public sealed class IceLiteAgent
{
    private readonly TimeSpan _consentTimeout;
    private IceCredentials? _previousLocal;
    private IceCredentials? _previousRemote;
    private IceCredentials? _revoked;
    private bool _selected;

    public IceLiteAgent(IceCredentials local, IceCredentials remote, TimeSpan consentTimeout)
    {
        Local = local;
        Remote = remote;
        _consentTimeout = consentTimeout;
    }

    public IceCredentials Local { get; private set; }

    public IceCredentials Remote { get; private set; }

    /// <summary>The credentials before a restart whose first nomination has not come yet, else null.</summary>
    public IceCredentials? PreviousLocal => _previousLocal;

    /// <summary>True once a check has been authenticated and not since lost.</summary>
    public bool HasRemote => _selected;

    /// <summary>Where datagrams go; meaningful when <see cref="HasRemote"/>.</summary>
    public TransportAddress RemoteAddress { get; private set; }

    /// <summary>When the last authenticated check arrived.</summary>
    public MonotonicTime LastCheck { get; private set; }

    /// <summary>Consent to send is gone: nothing may be sent any more (RFC 7675 §5.1).</summary>
    public bool ConsentExpired(MonotonicTime now) => _selected && now - LastCheck > _consentTimeout;

    /// <summary>
    /// Consent has expired: there is nowhere to send to, and the credentials are not good any more. Only a restart brings consent back
    /// (RFC 7675 §5.1); one that was asked for and has not been seen yet still does.
    /// </summary>
    public void Revoke()
    {
        _selected = false;
        _revoked = _previousLocal ?? Local;
        _previousLocal = null;
        _previousRemote = null;
    }

    /// <summary>
    /// ICE restart (RFC 8445 §9): new credentials on both sides. Checks with the old ones are still answered, and media still
    /// flows to the old address, until the first nomination with the new ones.
    /// </summary>
    public void Restart(IceCredentials local, IceCredentials remote)
    {
        if (_selected && _previousLocal is null)
        {
            // Restarted again before the first restart was nominated: what is in use is still what was before both.
            _previousLocal = Local;
            _previousRemote = Remote;
        }

        Local = local;
        Remote = remote;
    }

    /// <summary>The new remote credentials of a restart that we began ourselves (our offer, their answer).</summary>
    public void SetRemote(IceCredentials remote) => Remote = remote;

    /// <summary>Handles a datagram that demultiplexed as STUN; writes the response, whose length is 0 when there is none.</summary>
    public IceCheckResult Handle(
        ReadOnlySpan<byte> datagram, in TransportAddress from, MonotonicTime now, Span<byte> response, out int responseLength)
    {
        responseLength = 0;
        if (!StunReader.TryRead(datagram, out var message)
            || message.Method != StunMethod.Binding
            || message.Class != StunClass.Request)
        {
            return IceCheckResult.Ignored; // Indications (libnice keepalives) and responses ask for nothing.
        }

        // RFC 8445 §7.3: a check without FINGERPRINT is not for an ICE agent.
        if (!message.VerifyFingerprint())
        {
            return IceCheckResult.Ignored;
        }

        if (!message.HasMessageIntegrity || !message.TryGetUsername(out var username))
        {
            return Refuse(message, 400, "Bad Request"u8, null, response, out responseLength); // RFC 8489 §9.1.3
        }

        var (local, remote) = CredentialsOf(username);
        if (local is null || !message.VerifyMessageIntegrity(local.PwdBytes))
        {
            return Refuse(message, 401, "Unauthorized"u8, null, response, out responseLength);
        }

        if (!SplitUsername(username, out _, out var theirs) || !theirs.SequenceEqual(remote!.UfragBytes))
        {
            return Refuse(message, 401, "Unauthorized"u8, null, response, out responseLength);
        }

        Span<ushort> unknown = stackalloc ushort[8];
        var unknownCount = message.CopyUnknownRequired(unknown);
        if (unknownCount > 0)
        {
            return RefuseUnknown(message, unknown[..Math.Min(unknownCount, unknown.Length)], local, response, out responseLength);
        }

        if (message.TryGetIceControlled(out _))
        {
            // A lite agent is never controlling: the other side must switch (RFC 8445 §7.3.1.1).
            return Refuse(message, 487, "Role Conflict"u8, local, response, out responseLength);
        }

        var writer = new StunWriter(response, StunClass.SuccessResponse, StunMethod.Binding, message.TransactionId);
        writer.AddXorMappedAddress(from);
        writer.AddMessageIntegrity(local.PwdBytes);
        writer.AddFingerprint();
        if (writer.Overflowed)
        {
            return IceCheckResult.Ignored;
        }

        responseLength = writer.Length;
        LastCheck = now;
        var current = ReferenceEquals(local, Local);
        if (_selected && !(message.HasUseCandidate && current))
        {
            return IceCheckResult.Succeeded;
        }

        if (current)
        {
            _previousLocal = null;
            _previousRemote = null;
        }

        // The first authenticated address is used until one is nominated, so that a peer that starts DTLS early is answered.
        var changed = !_selected || RemoteAddress != from;
        _selected = true;
        RemoteAddress = from;
        return changed ? IceCheckResult.Selected : IceCheckResult.Succeeded;
    }

    /// <summary>Splits "ours:theirs" (RFC 8445 §7.2.2).</summary>
    public static bool SplitUsername(ReadOnlySpan<byte> username, out ReadOnlySpan<byte> local, out ReadOnlySpan<byte> remote)
    {
        var colon = username.IndexOf((byte)':');
        local = colon < 0 ? default : username[..colon];
        remote = colon < 0 ? default : username[(colon + 1)..];
        return colon > 0;
    }

    private (IceCredentials? Local, IceCredentials? Remote) CredentialsOf(ReadOnlySpan<byte> username)
    {
        if (!SplitUsername(username, out var ours, out _))
        {
            return default;
        }

        if (ours.SequenceEqual(Local.UfragBytes))
        {
            return ReferenceEquals(Local, _revoked) ? default : (Local, Remote);
        }

        return _previousLocal is not null && ours.SequenceEqual(_previousLocal.UfragBytes) ? (_previousLocal, _previousRemote) : default;
    }

    private static IceCheckResult Refuse(
        StunReader request, int code, ReadOnlySpan<byte> reason, IceCredentials? signer, Span<byte> response, out int length)
    {
        var writer = new StunWriter(response, StunClass.ErrorResponse, StunMethod.Binding, request.TransactionId);
        writer.AddErrorCode(code, reason);
        return Finish(ref writer, signer, out length);
    }

    private static IceCheckResult RefuseUnknown(
        StunReader request, ReadOnlySpan<ushort> types, IceCredentials signer, Span<byte> response, out int length)
    {
        var writer = new StunWriter(response, StunClass.ErrorResponse, StunMethod.Binding, request.TransactionId);
        writer.AddErrorCode(420, "Unknown Attribute"u8); // RFC 8489 §6.3.1
        writer.AddUnknownAttributes(types);
        return Finish(ref writer, signer, out length);
    }

    private static IceCheckResult Finish(ref StunWriter writer, IceCredentials? signer, out int length)
    {
        if (signer is not null)
        {
            writer.AddMessageIntegrity(signer.PwdBytes);
        }

        writer.AddFingerprint();
        length = writer.Overflowed ? 0 : writer.Length;
        return IceCheckResult.Refused;
    }
}
