using System.Text;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Ice;

public class IceLiteAgentTests
{
    private static readonly IceCredentials Ours = new("ourufrag", "our-password-of-24-chars");
    private static readonly IceCredentials Theirs = new("them", "their-password-of-24-cha");
    private static readonly TransportAddress Home = TransportAddress.FromIPv4(0xC000_0201, 5_000);
    private static readonly TransportAddress Phone = TransportAddress.FromIPv4(0xC633_6402, 6_000);
    private static readonly TimeSpan Consent = TimeSpan.FromSeconds(30);

    private readonly byte[] _response = new byte[256];
    private int _length;

    [Fact]
    public void An_authenticated_check_is_answered_with_its_address_and_our_integrity()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Assert.False(agent.HasRemote);
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(Ours, Theirs), Home));
        Assert.True(StunReader.TryRead(_response.AsSpan(0, _length), out var response));
        Assert.Equal(StunClass.SuccessResponse, response.Class);
        Assert.True(response.VerifyMessageIntegrity(Ours.PwdBytes) && response.VerifyFingerprint());
        Assert.True(response.TryGetXorMappedAddress(out var mapped));
        Assert.Equal(Home, mapped);
        Assert.Equal(Home, agent.RemoteAddress);
    }

    [Fact]
    public void A_response_is_never_longer_than_the_check_that_it_answers()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        var check = Check(Ours, Theirs);
        Handle(agent, check, Home);
        Assert.InRange(_length, 1, check.Length);
        Handle(agent, Check(Ours, Theirs, password: "wrong"), Home);
        Assert.InRange(_length, 1, check.Length);
    }

    [Fact]
    public void Only_a_check_with_USE_CANDIDATE_moves_the_selected_address()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Handle(agent, Check(Ours, Theirs), Home);
        Assert.Equal(IceCheckResult.Succeeded, Handle(agent, Check(Ours, Theirs), Phone));
        Assert.Equal(Home, agent.RemoteAddress);
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(Ours, Theirs, nominate: true), Phone));
        Assert.Equal(Phone, agent.RemoteAddress);
        Assert.Equal(IceCheckResult.Succeeded, Handle(agent, Check(Ours, Theirs, nominate: true), Phone));
    }

    [Fact]
    public void A_peer_that_thinks_it_is_controlled_is_told_of_the_role_conflict()
    {
        // RFC 8445 §7.3.1.1: a lite agent stays controlled, so the other must switch.
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, Theirs, controlling: false), Home));
        Assert.Equal(487, ErrorCode(out var signed));
        Assert.True(signed);
        Assert.False(agent.HasRemote);
    }

    [Fact]
    public void A_check_that_is_not_authentic_changes_nothing()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, Theirs, password: "guess"), Home));
        Assert.Equal(401, ErrorCode(out _));
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(new("nobody00", Ours.Pwd), Theirs), Home));
        Assert.Equal(401, ErrorCode(out _));
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, new("else", Theirs.Pwd)), Home));
        Assert.Equal(401, ErrorCode(out _));
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, Theirs, password: null), Home));
        Assert.Equal(400, ErrorCode(out _));
        Assert.Equal(IceCheckResult.Ignored, Handle(agent, Check(Ours, Theirs, fingerprint: false), Home));
        Assert.Equal(0, _length);
        Assert.False(agent.HasRemote);
    }

    [Fact]
    public void Indications_and_responses_are_not_answered()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Assert.Equal(IceCheckResult.Ignored, Handle(agent, Check(Ours, Theirs, kind: StunClass.Indication), Home));
        Assert.Equal(IceCheckResult.Ignored, Handle(agent, Check(Ours, Theirs, kind: StunClass.SuccessResponse), Home));
        Assert.Equal(0, _length);
    }

    [Fact]
    public void Consent_lasts_thirty_seconds_after_the_last_authentic_check()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Assert.False(agent.ConsentExpired(MonotonicTime.FromMilliseconds(1_000_000)));
        Handle(agent, Check(Ours, Theirs), Home, 1_000);
        Handle(agent, Check(Ours, Theirs), Home, 10_000);
        Handle(agent, Check(Ours, Theirs, password: "guess"), Home, 39_000);
        Assert.False(agent.ConsentExpired(MonotonicTime.FromMilliseconds(40_000)));
        Assert.True(agent.ConsentExpired(MonotonicTime.FromMilliseconds(40_001)));
    }

    [Fact]
    public void A_restart_keeps_the_old_path_until_the_new_one_is_nominated()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Handle(agent, Check(Ours, Theirs, nominate: true), Home);
        IceCredentials ours = new("restart1", "our-second-password-24ch"), theirs = new("them2", "their-second-password-24");
        agent.Restart(ours, theirs);

        Assert.Equal(IceCheckResult.Succeeded, Handle(agent, Check(Ours, Theirs, nominate: true), Home));
        Assert.Equal(IceCheckResult.Succeeded, Handle(agent, Check(ours, theirs), Phone));
        Assert.Equal(Home, agent.RemoteAddress);
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(ours, theirs, nominate: true), Phone));
        Assert.Equal(Phone, agent.RemoteAddress);
        Assert.Null(agent.PreviousLocal);
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, Theirs, nominate: true), Home));
    }

    [Fact]
    public void A_second_restart_before_the_first_is_nominated_keeps_the_path_in_use()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Handle(agent, Check(Ours, Theirs, nominate: true), Home);
        agent.Restart(new("restart1", "our-second-password-24ch"), new("them2", "their-second-password-24"));
        IceCredentials ours = new("restart2", "our-third-password-24chr"), theirs = new("them3", "their-third-password-24c");
        agent.Restart(ours, theirs);
        Assert.Equal(IceCheckResult.Succeeded, Handle(agent, Check(Ours, Theirs), Home));
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(ours, theirs, nominate: true), Phone));
    }

    [Fact]
    public void Consent_that_was_lost_comes_back_with_new_credentials_only()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Handle(agent, Check(Ours, Theirs, nominate: true), Home);
        var late = MonotonicTime.FromMilliseconds(31_000);
        Assert.True(agent.ConsentExpired(late));
        agent.Revoke();
        Assert.False(agent.HasRemote);
        Assert.False(agent.ConsentExpired(late));

        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, Theirs, nominate: true), Home, 31_000));
        Assert.Equal(401, ErrorCode(out _));
        Assert.False(agent.HasRemote);

        var ours = new IceCredentials("newufrag", "our-new-password-24-chars");
        var theirs = new IceCredentials("thex", "their-new-password-24-ch");
        agent.Restart(ours, theirs);
        Assert.Null(agent.PreviousLocal);
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(ours, theirs, nominate: true), Phone, 84_000));
        Assert.Equal(Phone, agent.RemoteAddress);
        Assert.True(agent.ConsentExpired(MonotonicTime.FromMilliseconds(84_000 + 30_001)));
    }

    [Fact]
    public void A_restart_that_waits_for_the_network_outlives_the_consent_before_it()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Handle(agent, Check(Ours, Theirs, nominate: true), Home);
        IceCredentials ours = new("restart1", "our-second-password-24ch"), theirs = new("them2", "their-second-password-24");
        agent.Restart(ours, theirs);
        agent.Revoke(); // Nothing came for thirty seconds.
        Assert.Equal(IceCheckResult.Refused, Handle(agent, Check(Ours, Theirs, nominate: true), Home, 31_000));
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(ours, theirs, nominate: true), Phone, 31_000));
        Assert.True(agent.HasRemote);
    }

    [Fact]
    public void A_nomination_moves_between_udp_and_tcp_of_one_address()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        var tcp = Home with { Connection = 7 };
        Handle(agent, Check(Ours, Theirs, nominate: true), tcp);
        Assert.Equal(tcp, agent.RemoteAddress);
        Assert.Equal(IceCheckResult.Selected, Handle(agent, Check(Ours, Theirs, nominate: true), Home));
        Assert.Equal(Home, agent.RemoteAddress);
        Assert.False(agent.RemoteAddress.IsTcp);
    }

    [Fact]
    public void Noise_is_ignored()
    {
        var agent = new IceLiteAgent(Ours, Theirs, Consent);
        Wire.Seeded.Torment(Check(Ours, Theirs), bytes => agent.Handle(bytes, Home, MonotonicTime.Zero, _response, out _));
    }

    private static byte[] Check(
        IceCredentials local, IceCredentials remote, bool nominate = false, bool controlling = true, string? password = "", bool fingerprint = true, StunClass kind = StunClass.Request)
    {
        var buffer = new byte[256];
        var writer = new StunWriter(buffer, kind, StunMethod.Binding, "transaction!"u8);
        writer.AddAttribute(StunAttribute.Username, Encoding.ASCII.GetBytes($"{local.Ufrag}:{remote.Ufrag}"));
        writer.AddUInt64(controlling ? StunAttribute.IceControlling : StunAttribute.IceControlled, 7);
        writer.AddUInt32(StunAttribute.Priority, 1_845_501_695);
        if (nominate)
        {
            writer.AddAttribute(StunAttribute.UseCandidate, default);
        }

        if (password is not null)
        {
            writer.AddMessageIntegrity(password.Length == 0 ? local.PwdBytes : Encoding.ASCII.GetBytes(password));
        }

        if (fingerprint)
        {
            writer.AddFingerprint();
        }

        return buffer[..writer.Length];
    }

    private IceCheckResult Handle(IceLiteAgent agent, byte[] datagram, TransportAddress from, long milliseconds = 1) =>
        agent.Handle(datagram, from, MonotonicTime.FromMilliseconds(milliseconds), _response, out _length);

    private int ErrorCode(out bool signed)
    {
        Assert.True(StunReader.TryRead(_response.AsSpan(0, _length), out var response));
        Assert.Equal(StunClass.ErrorResponse, response.Class);
        signed = response.HasMessageIntegrity;
        Assert.True(response.TryGetErrorCode(out var code));
        return code;
    }
}
