using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Hubs;

/// <summary>A participant that came in through the hub, and the connection that speaks for it at the moment.</summary>
internal sealed class HubSession(IParticipant participant, DateTimeOffset grantExpiresAt, string tokenHash)
{
    public IParticipant Participant { get; } = participant;

    /// <summary>No resuming from then on; the call itself goes on.</summary>
    public DateTimeOffset GrantExpiresAt { get; } = grantExpiresAt;

    internal string TokenHash { get; } = tokenHash;

    internal Lock Gate { get; } = new();

    internal ConnectionEvents? Connection { get; set; }

    internal ITimer? Grace { get; set; }

    internal bool IsOver { get; set; }
}

/// <summary>
/// Keeps participants over the loss of their socket. A session is bound to one connection; when that is lost the
/// participant stays for the grace time, media flowing, and whoever shows the resume token gets it back. Tokens have 256 random
/// bits and are kept as hashes only.
/// </summary>
internal sealed class ResumeRegistry(SignallingOptions options, TimeProvider clock, ILogger<ResumeRegistry> logger)
{
    /// <summary>Characters of a token: 32 bytes in base64url.</summary>
    public const int TokenLength = 43;

    private static readonly RtcError ResumeExpired = new("resume_expired", "The session is over; join again with a grant.");
    private static readonly RtcError GrantExpired = new("grant_expired", "The room grant has expired; ask the platform for a new one and join again.");
    private static readonly RtcError Superseded = new("resumed_elsewhere", "Another connection has resumed this session.");

    private readonly ConcurrentDictionary<string, HubSession> _sessions = new();

    /// <summary>Sessions that are bound, or may be resumed.</summary>
    public int Count => _sessions.Count;

    /// <summary>Binds a participant that has just joined.</summary>
    /// <returns>The session and the token that resumes it.</returns>
    public (HubSession Session, string Token) Begin(IParticipant participant, DateTimeOffset grantExpiresAt, ConnectionEvents connection)
    {
        string token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        HubSession session = new(participant, grantExpiresAt, Hash(token)) { Connection = connection };
        _sessions[session.TokenHash] = session;
        connection.WhenClosed(() => Forget(session));
        return (session, token);
    }

    /// <summary>Binds a session to another connection; the one it had is told and ended.</summary>
    /// <returns><c>resume_expired</c> when the session is over, <c>grant_expired</c> when its grant is.</returns>
    public RtcResult<HubSession> Resume(string token, ConnectionEvents connection)
    {
        if (!_sessions.TryGetValue(Hash(token), out HubSession? session))
            return ResumeExpired;
        ConnectionEvents? former;
        lock (session.Gate)
        {
            if (session.IsOver || session.Participant.IsGone)
                return ResumeExpired;
            if (clock.GetUtcNow() >= session.GrantExpiresAt)
                return GrantExpired;
            session.Grace?.Dispose();
            session.Grace = null;
            former = session.Connection;
            session.Connection = connection;
            session.Participant.Attach(connection);
        }

        connection.WhenClosed(() => Forget(session));
        if (former is not null)
            _ = former.SupersedeAsync(Superseded, clock);
        return session;
    }

    /// <summary>The connection is gone. If the session is still bound to it, the grace time begins.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="connection">Which.</param>
    /// <param name="silent">Nothing came from the client any more: a network that went away, and may come back. The grant's end bounds that.</param>
    public void Lost(HubSession session, ConnectionEvents connection, bool silent)
    {
        connection.Stop();
        lock (session.Gate)
        {
            if (session.IsOver || session.Connection != connection)
                return;
            session.Connection = null;
            session.Participant.Attach(null);
            session.Grace = clock.CreateTimer(_ => GraceEnded(session), null, silent ? OutageGrace(session) : options.ResumeGrace, Timeout.InfiniteTimeSpan);
        }

        RtcSignallingLog.ConnectionLost(logger, session.Participant.ParticipantId, session.Participant.Rights.Room);
    }

    /// <summary>The participant leaves of its own will, at once.</summary>
    /// <returns>False when another connection speaks for it: nothing happens.</returns>
    public async Task<bool> LeaveAsync(HubSession session, ConnectionEvents connection, string reason)
    {
        lock (session.Gate)
        {
            if (session.Connection != connection)
                return false;
            session.IsOver = true;
        }

        Forget(session);
        connection.Stop();
        await session.Participant.LeaveAsync(reason);
        return true;
    }

    /// <summary>The session is over: nobody resumes it.</summary>
    public void Forget(HubSession session)
    {
        lock (session.Gate)
        {
            session.IsOver = true;
            session.Grace?.Dispose();
            session.Grace = null;
            session.Connection = null;
        }

        _sessions.TryRemove(session.TokenHash, out _);
    }

    /// <summary>Whose grant ends meanwhile cannot resume after that.</summary>
    private TimeSpan OutageGrace(HubSession session)
    {
        TimeSpan left = session.GrantExpiresAt - clock.GetUtcNow();
        return left < options.ResumeGrace ? options.ResumeGrace : left < options.OutageGrace ? left : options.OutageGrace;
    }

    private void GraceEnded(HubSession session)
    {
        lock (session.Gate)
        {
            // The timer may have fired while a resume was under way.
            if (session.IsOver || session.Connection is not null)
                return;
            session.IsOver = true;
            session.Grace?.Dispose();
            session.Grace = null;
        }

        _sessions.TryRemove(session.TokenHash, out _);
        _ = LeaveLoggedAsync(session.Participant);
    }

    private async Task LeaveLoggedAsync(IParticipant participant)
    {
        try
        {
            await participant.LeaveAsync("connection_lost");
        }
        catch (Exception exception)
        {
            RtcSignallingLog.LeaveFailed(logger, participant.ParticipantId, participant.Rights.Room, exception);
        }
    }

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
