using System.Buffers.Binary;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Server.Tests.OpenSsl;

public sealed class OpenSslDtlsEngineTests : IDisposable
{
    // RFC 6347 §4.1 and §4.2.2.
    private const int RecordHeader = 13;
    private const int HandshakeHeader = 12;

    private static readonly SrtpProfile[] Both = [SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80];

    private readonly OpenSslDtlsEngineFactory _clients = new();
    private readonly OpenSslDtlsEngineFactory _servers = new();

    public static TheoryData<SrtpProfile, int> ProfilesAndSeeds
    {
        get
        {
            var data = new TheoryData<SrtpProfile, int>();
            foreach (var profile in Both)
            {
                for (var seed = 1; seed <= 5; seed++)
                {
                    data.Add(profile, seed);
                }
            }

            return data;
        }
    }

    public void Dispose()
    {
        _clients.Dispose();
        _servers.Dispose();
    }

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80)]
    public void Both_sides_agree_on_profile_and_keys_and_speak_SRTP_with_them(SrtpProfile profile)
    {
        using var link = new DtlsLink(_clients, _servers, [profile], Both);
        Assert.True(link.Run());

        Assert.Equal((DtlsState.Connected, DtlsState.Connected), (link.Client.State, link.Server.State));
        AssertKeysMatch(link, profile);
        Assert.True(link.Client.Deadline.IsNever);
        Assert.True(link.Server.Deadline.IsNever);

        var keys = link.Server.Keys!;
        using var sender = new SrtpSender(SrtpCiphers.Default.Create(profile, keys.LocalKey, keys.LocalSalt));
        var opposite = link.Client.Keys!;
        using var receiver = new SrtpReceiver(SrtpCiphers.Default.Create(profile, opposite.RemoteKey, opposite.RemoteSalt));
        var packet = new byte[64];
        packet[0] = 0x80;
        var length = sender.ProtectRtp(sender.OpenStream(0), packet, 40);
        Assert.True(receiver.TryUnprotectRtp(packet.AsSpan(0, length), out var opened, out _));
        Assert.Equal(40, opened);
    }

    [Fact]
    public void The_server_picks_the_first_of_its_own_profiles_that_the_client_offers()
    {
        using var link = new DtlsLink(_clients, _servers, [SrtpProfile.Aes128CmHmacSha1Tag80, SrtpProfile.AeadAes128Gcm], Both);
        Assert.True(link.Run());
        AssertKeysMatch(link, SrtpProfile.AeadAes128Gcm);
    }

    [Theory]
    [MemberData(nameof(ProfilesAndSeeds))]
    public void The_handshake_survives_loss_repetition_and_reordering(SrtpProfile profile, int seed)
    {
        using var link = new DtlsLink(_clients, _servers, [profile], [profile], seed, loss: 0.2);

        Assert.True(link.Run(), $"seed {seed}: client {link.Client.State}, server {link.Server.State}");

        AssertKeysMatch(link, profile);
        Assert.InRange(link.LargestDatagram, 1, 1_200);
    }

    [Fact]
    public void Without_loss_each_flight_is_one_or_two_datagrams_within_the_MTU()
    {
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        Assert.True(link.Run());

        Assert.InRange(link.LargestDatagram, 1, 1_200);
        Assert.InRange(link.Datagrams, 4, 6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_certificate_with_another_fingerprint_fails_the_side_that_expected_it(bool serverIsWrong)
    {
        var other = new Fingerprint("sha-256", new byte[32]);
        using var link = new DtlsLink(
            _clients, _servers, Both, Both, expectedOfServer: serverIsWrong ? other : null, expectedOfClient: serverIsWrong ? null : other);
        link.Run();

        var deceived = serverIsWrong ? link.Client : link.Server;
        Assert.Equal(DtlsState.Failed, deceived.State);
        Assert.Equal("dtls_fingerprint_mismatch", deceived.FailureReason);
        Assert.Null(deceived.Keys);
        Assert.True(deceived.Deadline.IsNever);
    }

    [Fact]
    public void Without_a_shared_profile_the_handshake_fails_and_says_so()
    {
        using var link = new DtlsLink(_clients, _servers, [SrtpProfile.Aes128CmHmacSha1Tag80], [SrtpProfile.AeadAes128Gcm]);
        link.Run();

        Assert.Equal("dtls_no_srtp_profile", link.Server.FailureReason);
        Assert.Null(link.Client.Keys);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Closing_one_side_closes_the_other(bool clientCloses)
    {
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        Assert.True(link.Run());

        (clientCloses ? link.Client : link.Server).Close(link.Now);
        link.RunUntil(() => link.Client.State == DtlsState.Closed && link.Server.State == DtlsState.Closed);

        Assert.Equal((DtlsState.Closed, DtlsState.Closed), (link.Client.State, link.Server.State));
        Assert.Null(link.Server.Keys);
    }

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm, true, true, false)]
    [InlineData(SrtpProfile.AeadAes128Gcm, false, true, false)]
    [InlineData(SrtpProfile.AeadAes128Gcm, true, false, true)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80, false, true, true)]
    public void An_association_that_rests_holds_no_session_and_still_says_and_hears_farewell(
        SrtpProfile profile, bool clientCloses, bool serverRests, bool clientRests)
    {
        using var link = new DtlsLink(_clients, _servers, [profile], [profile]);
        Assert.True(link.Run());
        if (serverRests)
        {
            link.Server.Rest();
            Assert.Equal(0, _servers.LiveSessions);
        }

        if (clientRests)
        {
            link.Client.Rest();
            Assert.Equal(0, _clients.LiveSessions);
        }

        AssertKeysMatch(link, profile);
        Assert.True(link.Server.Deadline.IsNever || !serverRests);

        (clientCloses ? link.Client : link.Server).Close(link.Now);
        Assert.True(link.RunUntil(() => link.Client.State == DtlsState.Closed && link.Server.State == DtlsState.Closed));
        Assert.Null(link.Server.Keys);
    }

    [Fact]
    public void An_association_that_rests_carries_data_once_and_only_what_is_authentic()
    {
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        Assert.True(link.Run());
        Assert.False(link.Client.TrySendData([1]));
        link.Client.Rest();
        link.Server.Rest();
        var datagram = new byte[1_200];
        var data = new byte[1_160];
        foreach (var length in new[] { 1, 700, 1_160 })
        {
            var sent = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray();
            Assert.True(link.Client.TrySendData(sent));
            Assert.True(link.Client.TryTakeDatagram(datagram, out var size));
            var forged = datagram[..size];
            forged[^1] ^= 1;
            link.Server.Receive(forged, link.Now);
            Assert.False(link.Server.TryTakeData(data, out _));

            link.Server.Receive(datagram.AsSpan(0, size), link.Now);
            link.Server.Receive(datagram.AsSpan(0, size), link.Now);
            Assert.True(link.Server.TryTakeData(data, out var got));
            Assert.Equal(sent, data[..got]);
            Assert.False(link.Server.TryTakeData(data, out _)); // The copy was a replay.
        }
    }

    [Fact]
    public void Forged_records_of_one_datagram_are_tried_once()
    {
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        Assert.True(link.Run());
        link.Server.Rest();
        // Application data of epoch 1 with nothing in it, 38 times: nonce and tag are zeros.
        var datagram = Enumerable.Range(1, 38).SelectMany(i => (byte[])[23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0xFF, (byte)i, 0, 24, .. new byte[24]]).ToArray();
        var thrown = 0;
        var thread = Environment.CurrentManagedThreadId;
        void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e) => thrown += Environment.CurrentManagedThreadId == thread ? 1 : 0;
        AppDomain.CurrentDomain.FirstChanceException += Count;
        link.Server.Receive(datagram, link.Now);
        AppDomain.CurrentDomain.FirstChanceException -= Count;
        Assert.Equal(1, thrown);
        Assert.Equal(DtlsState.Connected, link.Server.State);
    }

    [Fact]
    public void A_forged_farewell_does_not_end_an_association_that_rests()
    {
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        Assert.True(link.Run());
        link.Server.Rest();
        link.Client.Close(link.Now);
        var farewell = new byte[1_200];
        Assert.True(link.Client.TryTakeDatagram(farewell, out var length));

        for (var i = 0; i < length; i++)
        {
            var forged = farewell[..length];
            forged[i] ^= 1;
            link.Server.Receive(forged, link.Now);
            Assert.Equal(DtlsState.Connected, link.Server.State);
        }

        link.Server.Receive(farewell.AsSpan(0, length), link.Now);
        Assert.Equal(DtlsState.Closed, link.Server.State);
    }

    [Fact]
    public void Garbage_and_truncated_datagrams_never_throw_and_rarely_matter()
    {
        const int Seed = 5_764;
        var random = new Random(Seed);
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        var records = new byte[1_200];
        link.Client.Start(link.Now);
        Assert.True(link.Client.TryTakeDatagram(records, out var hello));
        for (var length = 0; length < hello; length += 7)
        {
            link.Server.Receive(records.AsSpan(0, length), link.Now);
        }

        for (var round = 0; round < 300; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 13 && round % 2 == 0)
            {
                bytes[0] = (byte)random.Next(20, 26);
                bytes[1] = 0xFE;
                bytes[2] = 0xFD;
                bytes.AsSpan(3, 8).Clear();
                bytes[11] = 0;
                bytes[12] = (byte)(bytes.Length - 13);
            }

            using var victim = _servers.Create(DtlsRole.Server, _clients.LocalFingerprint, Both);
            victim.Receive(bytes, link.Now);
            victim.Receive(records.AsSpan(0, hello), link.Now);
            Assert.True(victim.State is DtlsState.Handshaking or DtlsState.Failed, $"seed {Seed}, round {round}: {victim.State}");
        }

        link.Server.Receive(new byte[20_000], link.Now);
        link.Server.Receive(records.AsSpan(0, hello), link.Now);
        Assert.True(link.RunUntil(() => link.Client.State == DtlsState.Connected && link.Server.State == DtlsState.Connected));

        for (var round = 0; round < 300; round++)
        {
            random.NextBytes(records.AsSpan(13));
            records[0] = 22;
            link.Server.Receive(records.AsSpan(0, random.Next(1_200)), link.Now);
        }

        Assert.Equal(DtlsState.Connected, link.Server.State);
    }

    [Fact]
    public void A_handshake_that_nobody_answers_repeats_its_flight_and_gives_up_after_thirty_seconds()
    {
        using var client = _clients.Create(DtlsRole.Client, _servers.LocalFingerprint, Both);
        var start = MonotonicTime.FromMilliseconds(1_000);
        client.Start(start);
        Assert.InRange((client.Deadline - start).TotalMilliseconds, 1, 51);

        client.HandleDeadline(start + TimeSpan.FromSeconds(29));
        Assert.Equal(DtlsState.Handshaking, client.State);
        client.HandleDeadline(start + TimeSpan.FromSeconds(30));

        Assert.Equal((DtlsState.Failed, "dtls_timeout"), (client.State, client.FailureReason));
        Assert.True(client.Deadline.IsNever);
    }

    [Fact]
    public void A_ClientHello_in_two_fragments_is_answered_like_a_whole_one()
    {
        using var link = new DtlsLink(_clients, _servers, Both, Both);
        var hello = new byte[1_200];
        link.Client.Start(link.Now);
        Assert.True(link.Client.TryTakeDatagram(hello, out var length));
        // Record numbers that the client itself does not use in this handshake, or the server would take its next for replays.
        var split = (length - RecordHeader - HandshakeHeader) / 2;

        link.Server.Receive(Fragment(hello.AsSpan(0, length), 0, split, record: 40), link.Now);
        Assert.False(link.Server.TryTakeDatagram(new byte[1_200], out _));
        link.Server.Receive(Fragment(hello.AsSpan(0, length), split, length - RecordHeader - HandshakeHeader - split, record: 41), link.Now);

        Assert.True(link.RunUntil(() => link.Client.State == DtlsState.Connected && link.Server.State == DtlsState.Connected));
        AssertKeysMatch(link, SrtpProfile.AeadAes128Gcm);
    }

    [Fact]
    public void A_server_waits_silently_for_its_client()
    {
        using var server = _servers.Create(DtlsRole.Server, _clients.LocalFingerprint, Both);
        server.Start(MonotonicTime.Zero);

        Assert.True(server.Deadline.IsNever);
        Assert.False(server.TryTakeDatagram(new byte[1_200], out _));
    }

    [Fact]
    public void Two_hundred_engines_leave_nothing_behind()
    {
        for (var i = 0; i < 100; i++)
        {
            using var link = new DtlsLink(_clients, _servers, Both, Both);
            Assert.True(link.Run());
            Assert.Equal((1, 1), (_clients.LiveSessions, _servers.LiveSessions));
        }

        Assert.Equal((0, 0), (_clients.LiveSessions, _servers.LiveSessions));
    }

    [Fact]
    public void A_disposed_engine_ignores_what_still_arrives()
    {
        var server = _servers.Create(DtlsRole.Server, _clients.LocalFingerprint, Both);
        server.Dispose();
        server.Dispose();
        server.Receive(new byte[100], MonotonicTime.Zero);
        server.HandleDeadline(MonotonicTime.Zero);
        server.Close(MonotonicTime.Zero);

        Assert.Equal(DtlsState.Closed, server.State);
    }

    private static byte[] Fragment(ReadOnlySpan<byte> message, int offset, int length, byte record)
    {
        var datagram = new byte[RecordHeader + HandshakeHeader + length];
        message[..(RecordHeader + HandshakeHeader)].CopyTo(datagram);
        datagram[10] = record;
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(11), (ushort)(HandshakeHeader + length));
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(RecordHeader + 7), (ushort)offset);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(RecordHeader + 10), (ushort)length);
        message.Slice(RecordHeader + HandshakeHeader + offset, length).CopyTo(datagram.AsSpan(RecordHeader + HandshakeHeader));
        return datagram;
    }

    private static void AssertKeysMatch(DtlsLink link, SrtpProfile profile)
    {
        var client = Assert.IsType<SrtpKeys>(link.Client.Keys);
        var server = Assert.IsType<SrtpKeys>(link.Server.Keys);
        Assert.Equal((profile, profile), (client.Profile, server.Profile));
        Assert.Equal(client.LocalKey, server.RemoteKey);
        Assert.Equal(client.LocalSalt, server.RemoteSalt);
        Assert.Equal(client.RemoteKey, server.LocalKey);
        Assert.Equal(client.RemoteSalt, server.LocalSalt);
        Assert.NotEqual(client.LocalKey, client.RemoteKey);
        Assert.Equal(profile.SaltLength(), client.LocalSalt.Length);
    }
}
