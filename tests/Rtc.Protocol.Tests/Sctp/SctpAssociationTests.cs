using System.Buffers.Binary;
using System.Text;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sctp;
using Events.Tests.Rtc.Protocol.Tests.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Sctp;

public class SctpAssociationTests
{
    [Fact]
    public void The_checksum_is_CRC32c_in_little_endian_order()
    {
        // RFC 3720 §B.4: 32 bytes of zero give AA 36 91 8A on the wire.
        var packet = new byte[32];
        SctpPacket.Seal(packet);
        Assert.Equal([0xAA, 0x36, 0x91, 0x8A], packet[8..12]);
    }

    [Fact]
    public void A_packet_with_another_checksum_is_refused()
    {
        var packet = new byte[20];
        packet[15] = 4;
        SctpPacket.Seal(packet);
        Assert.True(SctpPacket.TryRead(packet, out _, out _));
        packet[19] ^= 1;
        Assert.False(SctpPacket.TryRead(packet, out _, out _));
    }

    [Fact]
    public void Messages_of_every_length_arrive_whole()
    {
        var pair = new SctpPair(new Random(1));
        var messages = new[] { 1, 2, 3, 4, 1_131, 1_132, 1_133, 2_264, 2_265, 16_384, 20_000 }.Select(n => new Random(n).Bytes(n)).ToList();
        messages.ForEach(m => Assert.True(pair.A.Send(0, m)));
        Assert.True(pair.RunUntil(() => pair.B.Received.Count == messages.Count));
        Assert.Equal(messages, pair.B.Received.Select(r => r.Message));
    }

    [Fact]
    public void Reliable_messages_arrive_complete_and_in_order_though_packets_are_lost() => Seeded.Run(20, random =>
    {
        var pair = new SctpPair(random, loss: 0.05);
        var messages = Enumerable.Range(0, 300).Select(_ => random.Bytes(random.Next(1, 3_000))).ToList();
        var next = 0;
        Assert.True(pair.RunUntil(
            () =>
            {
                while (next < messages.Count && pair.A.Send(2, messages[next]))
                {
                    next++;
                }

                return pair.B.Received.Count == messages.Count;
            },
            seconds: 300));
        Assert.Equal(messages, pair.B.Received.Select(r => r.Message));
        Assert.Null(pair.A.EndReason);
    });

    [Fact]
    public void Lossy_messages_are_lost_with_their_packets_and_block_nobody() => Seeded.Run(20, random =>
    {
        const int Count = 1_000;
        var pair = new SctpPair(random, loss: 0.05);
        for (var i = 0; i < Count; i++)
        {
            pair.A.Send(4, Encoding.ASCII.GetBytes($"{i,100}"), reliable: false);
            pair.RunUntil(() => false, seconds: 0);
            var until = pair.Now + TimeSpan.FromMilliseconds(5);
            pair.RunUntil(() => pair.Now >= until, seconds: 1);
        }

        pair.RunUntil(() => false, seconds: 10);
        var got = pair.B.Received.Count;
        Assert.InRange(got, Count * 85 / 100, Count - 1);
        Assert.InRange(got + pair.A.Association.Dropped, Count, Count + (Count / 20)); // What was given up late may have come all the same.
        Assert.Equal(got, pair.B.Received.Select(r => Encoding.ASCII.GetString(r.Message)).Distinct().Count());
    });

    [Fact]
    public void Both_kinds_go_both_ways_at_once_through_loss() => Seeded.Run(10, random =>
    {
        var pair = new SctpPair(random, loss: 0.1);
        for (var i = 0; i < 60; i++)
        {
            Assert.True(pair.A.Send(0, random.Bytes(1_500)));
            Assert.True(pair.B.Send(0, random.Bytes(2_500)));
            pair.A.Send(2, random.Bytes(1_200), reliable: false);
            pair.B.Send(2, random.Bytes(1_200), reliable: false);
        }

        Assert.True(pair.RunUntil(() => pair.A.Received.Count(r => r.Stream == 0) == 60 && pair.B.Received.Count(r => r.Stream == 0) == 60, seconds: 120));
    });

    [Fact]
    public void After_an_outage_it_goes_on()
    {
        var random = new Outage();
        var pair = new SctpPair(random, loss: 0.5);
        pair.A.Send(0, new byte[10_000]);
        random.IsDown = true;
        pair.RunUntil(() => false, seconds: 90);
        Assert.Empty(pair.B.Received);
        random.IsDown = false;
        Assert.True(pair.RunUntil(() => pair.B.Received.Count == 1, seconds: 10));
    }

    [Fact]
    public void The_reliable_queue_is_bounded_and_the_lossy_one_drops_the_oldest()
    {
        var random = new Outage { IsDown = true };
        var pair = new SctpPair(random, loss: 0.5);
        var taken = 0;
        while (pair.A.Send(0, new byte[16_384]))
        {
            taken++;
        }

        Assert.InRange(taken, 10, 20);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(pair.A.Send(2, BitConverter.GetBytes(i).Concat(new byte[996]).ToArray(), reliable: false));
        }

        random.IsDown = false;
        Assert.True(pair.RunUntil(() => pair.B.Received.Any(r => r.Stream == 2 && BitConverter.ToInt32(r.Message) == 999)));
        Assert.True(pair.B.Received.Count(r => r.Stream == 2) < 100);
    }

    [Fact]
    public void A_reset_stream_begins_anew_once_everything_before_it_has_come() => Seeded.Run(10, random =>
    {
        var pair = new SctpPair(random, loss: 0.1);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(pair.A.Send(6, random.Bytes(500)));
        }

        pair.RunUntil(() => pair.B.Received.Count == 20);
        pair.A.Association.CloseStream(6);
        pair.A.Association.Flush(pair.Now);
        Assert.True(pair.RunUntil(() => pair.B.Resets.Count == 1 && pair.A.Association.Deadline.IsNever));
        Assert.Equal([6], pair.B.Resets);
        Assert.True(pair.A.Send(6, [1]));
        Assert.True(pair.RunUntil(() => pair.B.Received.Count == 21));
    });

    /// <summary>Who was told "in progress" asks again with the same number (usrsctp), or with the next one (dcsctp).</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_reset_that_came_before_its_data_is_done_when_it_is_asked_for_again(uint step)
    {
        var pair = new SctpPair(new Random(1));
        var sequence = pair.A.Options.InitialTsn;
        Assert.Equal(6u, Ask(sequence, lastTsn: pair.A.Options.InitialTsn)); // In progress: that one has not come.
        Assert.True(pair.A.Send(4, [1]));
        Assert.True(pair.RunUntil(() => pair.B.Received.Count == 1));
        Assert.Equal(1u, Ask(sequence + step, lastTsn: pair.A.Options.InitialTsn));
        Assert.Equal([4], pair.B.Resets);
        Assert.Equal(1u, Ask(sequence + step, lastTsn: pair.A.Options.InitialTsn)); // Its answer was lost.
        Assert.Equal(1u, Ask(sequence + step + 1, lastTsn: pair.A.Options.InitialTsn));

        uint Ask(uint number, uint lastTsn)
        {
            var packet = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, 0xB2);
            packet.Begin(SctpChunkType.ReConfig);
            packet.Write((ushort)13);
            packet.Write((ushort)18);
            packet.Write(number);
            packet.Write(0u);
            packet.Write(lastTsn);
            packet.Write((ushort)4);
            packet.End();
            pair.B.Association.Receive(packet.Finish(), pair.Now);
            var answer = pair.B.Sent[^1].AsSpan(12);
            Assert.Equal(((byte)SctpChunkType.ReConfig, number), (answer[0], BinaryPrimitives.ReadUInt32BigEndian(answer[8..])));
            return BinaryPrimitives.ReadUInt32BigEndian(answer[12..]);
        }
    }

    [Fact]
    public void A_reset_is_not_asked_for_before_all_that_was_sent_has_come()
    {
        var random = new Outage { IsDown = true };
        var pair = new SctpPair(random, loss: 0.5);
        pair.A.Send(6, new byte[5_000]);
        pair.A.Association.CloseStream(6);
        pair.A.Association.Flush(pair.Now);
        pair.RunUntil(() => false, seconds: 5);
        Assert.DoesNotContain(pair.A.Sent, p => p.AsSpan(12)[0] == (byte)SctpChunkType.ReConfig);
        random.IsDown = false;
        Assert.True(pair.RunUntil(() => pair.B.Resets.Count == 1 && pair.A.Association.Deadline.IsNever));
        Assert.Equal(5_000, pair.B.Received.Single().Message.Length);
    }

    [Fact]
    public void Who_acknowledges_all_but_the_first_is_not_sent_without_end()
    {
        var pair = new SctpPair(new Random(1));
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(pair.B.Send(2, [(byte)i], reliable: false)); // 500, 501, …
            var packet = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, 0xB2);
            packet.Begin(SctpChunkType.Sack);
            packet.Write(499u);
            packet.Write(1_000_000u);
            packet.Write((ushort)1);
            packet.Write((ushort)0);
            packet.Write((ushort)2);
            packet.Write((ushort)Math.Min(i + 1, ushort.MaxValue));
            packet.End();
            pair.B.Association.Receive(packet.Finish(), pair.Now);
        }

        Assert.InRange(pair.B.Sent.Count(p => p.AsSpan(12)[0] == (byte)SctpChunkType.Data), 2_000, 2_100); // The others are FORWARD-TSN: the first is given up.
    }

    [Fact]
    public void A_packet_of_many_heartbeats_is_answered_once()
    {
        var pair = new SctpPair(new Random(1));
        var packet = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, 0xB2);
        for (var i = 0; i < 200; i++)
        {
            packet.Begin(SctpChunkType.Heartbeat);
            packet.End();
        }

        var before = pair.B.Sent.Count;
        var bytes = packet.Finish().ToArray();
        pair.B.Association.Receive(bytes, pair.Now);
        Assert.Equal(before + 1, pair.B.Sent.Count);
        pair.B.Association.Receive(bytes, pair.Now);
        Assert.Equal(before + 2, pair.B.Sent.Count);
    }

    [Fact]
    public void A_message_beyond_the_limit_ends_the_association()
    {
        var pair = new SctpPair(new Random(1));
        pair.A.Send(0, new byte[20_001]);
        Assert.True(pair.RunUntil(() => pair.B.EndReason is not null && pair.A.EndReason is not null));
        Assert.Equal("sctp_protocol_violation", pair.B.EndReason);
        Assert.Equal("sctp_aborted", pair.A.EndReason);
    }

    [Theory]
    [InlineData("", "sctp_closed")] // as usrsctp closes
    [InlineData("000C0009636C6F7365", "sctp_closed")] // as dcsctp does: the user wants it, "close"
    [InlineData("000D0004", "sctp_aborted")] // a protocol violation
    public void An_abort_that_its_user_wants_is_an_ordinary_end(string causes, string reason)
    {
        var pair = new SctpPair(new Random(1));
        var packet = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, 0xB2);
        packet.Begin(SctpChunkType.Abort);
        packet.Write(Convert.FromHexString(causes));
        packet.End();
        pair.B.Association.Receive(packet.Finish(), pair.Now);
        Assert.Equal(reason, pair.B.EndReason);
    }

    [Fact]
    public void Acknowledging_what_was_never_sent_ends_the_association()
    {
        var pair = new SctpPair(new Random(1));
        var packet = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, 0xB2);
        packet.Begin(SctpChunkType.Sack);
        packet.Write(600u);
        packet.Write(1_000u);
        packet.Write(0u);
        packet.End();
        pair.B.Association.Receive(packet.Finish(), pair.Now);
        Assert.Equal("sctp_protocol_violation", pair.B.EndReason);
    }

    [Theory]
    [InlineData("03 00 0000 00000000 0008 0000", "reliable", true, true)]
    [InlineData("03 81 0000 00000000 0005 0000", "lossy", false, false)]
    public void A_channel_is_opened_by_DCEP(string header, string label, bool ordered, bool reliable)
    {
        byte[] message = [.. Convert.FromHexString(header.Replace(" ", "", StringComparison.Ordinal)), .. Encoding.UTF8.GetBytes(label)];
        Assert.True(DataChannelOpen.TryRead(message, out var open));
        Assert.Equal(new DataChannelOpen(ordered, reliable, label), open);
        Seeded.Torment(message, m => DataChannelOpen.TryRead(m, out _));
    }

    [Fact]
    public void A_forged_skip_far_ahead_costs_no_time()
    {
        var pair = new SctpPair(new Random(1));
        var packet = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, 0xB2);
        packet.Begin(SctpChunkType.ForwardTsn);
        packet.Write(unchecked(0xFFFF_FFF0 + 0x7000_0000));
        packet.End();
        pair.B.Association.Receive(packet.Finish(), pair.Now);
        Assert.Null(pair.B.EndReason);
    }

    /// <summary>Each fragment is looked at with those beside it: a message of a thousand would be walked through a thousand times.</summary>
    [Theory]
    [InlineData(64, null)]
    [InlineData(65, "sctp_protocol_violation")]
    public void A_message_comes_in_as_many_fragments_as_a_sender_has_reason_for(int fragments, string? end)
    {
        var pair = new SctpPair(new Random(1));
        for (var i = 0; i < fragments; i++)
        {
            Feed(pair, (ref SctpPacketWriter packet) => Data(ref packet, pair.A.Options.InitialTsn + (uint)i, (byte)(i == 0 ? 2 : i == fragments - 1 ? 1 : 0), 2, 0, [(byte)i]));
        }

        Assert.Equal(end, pair.B.EndReason);
        Assert.Equal(end is null ? 1 : 0, pair.B.Received.Count);
    }

    /// <summary>A thousand messages wait for the first of their stream, and a packet asks for all the resets that fit: what it costs shows in what is allocated.</summary>
    [Fact]
    public void Resets_of_streams_of_which_nothing_waits_cost_nothing()
    {
        var pair = new SctpPair(new Random(1));
        var tsn = pair.A.Options.InitialTsn;
        for (var i = 0; i < 1_000; i++)
        {
            Feed(pair, (ref SctpPacketWriter packet) => Data(ref packet, tsn++, 3, 2, (ushort)(i + 1), [1]));
        }

        Reset(pair, 0, tsn - 1); // Compiles.
        var before = GC.GetAllocatedBytesForCurrentThread();
        Reset(pair, 1, tsn - 1);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Null(pair.B.EndReason);
        Assert.Equal(1_000, pair.B.Resets.Count);

        static void Reset(SctpPair pair, uint request, uint lastTsn) => Feed(pair, (ref SctpPacketWriter packet) =>
        {
            packet.Begin(SctpChunkType.ReConfig);
            packet.Write((ushort)13);
            packet.Write((ushort)(16 + (2 * 500)));
            packet.Write(pair.A.Options.InitialTsn + request);
            packet.Write(0u);
            packet.Write(lastTsn);
            for (var i = 0; i < 500; i++)
            {
                packet.Write((ushort)4);
            }

            packet.End();
        });
    }

    /// <summary>Each is a walk through all that is on its way, or waits; no sender has more than one of a kind to say in a packet.</summary>
    [Fact]
    public void Of_several_acknowledgements_or_skips_in_a_packet_the_first_counts()
    {
        var pair = new SctpPair(new Random(1));
        Feed(pair, (ref SctpPacketWriter packet) =>
        {
            Acknowledge(ref packet, 499);
            Acknowledge(ref packet, 600); // What was never sent: alone it is the end.
        });
        Assert.Null(pair.B.EndReason);

        var tsn = pair.A.Options.InitialTsn;
        Feed(pair, (ref SctpPacketWriter packet) =>
        {
            Skip(ref packet, tsn);
            Skip(ref packet, tsn + 100);
        });
        Feed(pair, (ref SctpPacketWriter packet) => Data(ref packet, tsn + 1, 3, 2, 0, [1]));
        Assert.Single(pair.B.Received);

        static void Acknowledge(ref SctpPacketWriter packet, uint tsn)
        {
            packet.Begin(SctpChunkType.Sack);
            packet.Write(tsn);
            packet.Write(1_000u);
            packet.Write(0u);
            packet.End();
        }

        static void Skip(ref SctpPacketWriter packet, uint tsn)
        {
            packet.Begin(SctpChunkType.ForwardTsn);
            packet.Write(tsn);
            packet.End();
        }
    }

    private delegate void Writing(ref SctpPacketWriter packet);

    /// <summary>A packet of A's for B.</summary>
    private static void Feed(SctpPair pair, Writing packet)
    {
        var writer = new SctpPacketWriter(new byte[SctpPacket.MaxBytes], 5_000, 5_000, pair.B.Options.LocalTag);
        packet(ref writer);
        pair.B.Association.Receive(writer.Finish(), pair.Now);
    }

    private static void Data(ref SctpPacketWriter packet, uint tsn, byte flags, ushort stream, ushort sequence, scoped ReadOnlySpan<byte> payload)
    {
        packet.Begin(SctpChunkType.Data, flags);
        packet.Write(tsn);
        packet.Write(stream);
        packet.Write(sequence);
        packet.Write(53u);
        packet.Write(payload);
        packet.End();
    }

    /// <summary>A path that loses everything while it is down, else nothing.</summary>
    private sealed class Outage : Random
    {
        public bool IsDown { get; set; }

        public override double NextDouble() => IsDown ? 0 : 1;
    }
}
