using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Blobs;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class RecordingsTests(PlatformFixture fixture)
{
    private readonly Guid _epoch = Guid.NewGuid();
    private long _seq;

    [Fact]
    public async Task A_recording_goes_from_wish_to_replay()
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        await fixture.Mixer.ShouldReceiveAsync($"start {id}");
        await ReportAsync("recording.delayed", new { recordingId = id, code = "relay_unreachable", detail = "no relay" });
        var delayed = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal(("starting", "relay_unreachable"), (delayed.GetProperty("status").GetString(), delayed.GetProperty("failure").GetProperty("code").GetString()));
        await ReportAsync("recording.started", new { recordingId = id, startedAt = "2026-05-01T08:00:00Z" });
        var recording = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal(("recording", JsonValueKind.Null), (recording.GetProperty("status").GetString(), recording.GetProperty("failure").ValueKind));

        await scene.Organiser.PostJsonAsync($"/api/v1/recordings/{id}/stop", null, HttpStatusCode.Accepted);
        Assert.Equal("stopping", await StatusAsync(scene, id));
        await fixture.Mixer.ShouldReceiveAsync($"stop {id}");
        await ReportAsync("recording.stopped", new { recordingId = id, endedAt = "2026-05-01T08:10:00Z", tracks = 4 });
        await ReportAsync("recording.progress", new { recordingId = id, progress = 0.5 });
        await ReportAsync("recording.progress", new { recordingId = id, progress = 0.25 });
        var composing = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal(("composing", 0.5, 4), (composing.GetProperty("status").GetString(), composing.GetProperty("progress").GetDouble(), composing.GetProperty("tracks").GetInt32()));
        await scene.Organiser.GetAsync($"/api/v1/recordings/{id}/playback").ShouldRefuseAsync(HttpStatusCode.Conflict, "recording_not_ready");

        var content = new byte[100_000];
        new Random(1).NextBytes(content);
        await ComposeAsync(id, content);
        var ready = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal("ready", ready.GetProperty("status").GetString());
        Assert.Equal(content.Length, ready.GetProperty("size").GetInt64());
        await fixture.Mixer.ShouldReceiveAsync($"delete {id}");

        await PlaysAsync(scene, id, content);
    }

    [Fact]
    public async Task A_recording_that_stands_still_says_why_until_it_goes_on_or_is_over()
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        await ReportAsync("recording.started", new { recordingId = id, startedAt = "2026-05-01T08:00:00Z" });
        await ReportAsync("recording.delayed", new { recordingId = id, code = "not_written", detail = "no disk" });
        Assert.Equal(("recording", "not_written"), await SaysAsync());
        await ReportAsync("recording.started", new { recordingId = id, startedAt = "2026-05-01T08:00:00Z" });
        Assert.Equal(("recording", null), await SaysAsync());
        await ReportAsync("recording.delayed", new { recordingId = id, code = "not_written", detail = "no disk" });
        await ReportAsync("recording.stopped", new { recordingId = id, endedAt = "2026-05-01T08:10:00Z", tracks = 4 });
        Assert.Equal(("composing", null), await SaysAsync());
        await ReportAsync("recording.delayed", new { recordingId = id, code = "disk_low", detail = "no room" });
        Assert.Equal(("composing", "disk_low"), await SaysAsync());
        await ReportAsync("recording.progress", new { recordingId = id, progress = 0.1 });
        Assert.Equal(("composing", null), await SaysAsync());

        async Task<(string?, string?)> SaysAsync()
        {
            var recording = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
            var failure = recording.GetProperty("failure");
            return (recording.GetProperty("status").GetString(), failure.ValueKind == JsonValueKind.Null ? null : failure.GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task The_organiser_is_told_how_many_tracks_could_not_be_recorded_because_they_are_encrypted()
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        Assert.Empty((await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}")).GetProperty("refused").EnumerateArray());
        await ReportAsync("recording.track_refused", new { recordingId = id, code = "track_encrypted", tracks = 2 });
        await ReportAsync("recording.track_refused", new { recordingId = id, code = "track_encrypted", tracks = 1 });
        await ReportAsync("recording.track_refused", new { recordingId = id, code = "of_a_newer_node", tracks = 9 });
        var refused = Assert.Single((await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}")).GetProperty("refused").EnumerateArray());
        Assert.Equal(("track_encrypted", 2), (refused.GetProperty("code").GetString(), refused.GetProperty("tracks").GetInt32()));
        await ReportAsync("recording.failed", new { recordingId = id, code = "track_encrypted", detail = "all of it" });
        var failed = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal("track_encrypted", failed.GetProperty("failure").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Only_organisers_record_and_one_at_a_time()
    {
        var scene = await fixture.SceneAsync();
        var guest = await scene.GuestAsync();
        await guest.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/recordings", new { }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_organiser");
        var id = await StartAsync(scene);
        await scene.Organiser.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/recordings", new { }).ShouldRefuseAsync(HttpStatusCode.Conflict, "already_recording");
        await scene.Organiser.PostAsJsonAsync($"/api/v1/sessions/{scene.StageId}/recordings", new { layout = "spiral" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "layout_unknown");
        await guest.PostAsync($"/api/v1/recordings/{id}/stop", null).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_organiser");
        await guest.DeleteAsync($"/api/v1/recordings/{id}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_organiser");
        await scene.Organiser.DeleteAsync($"/api/v1/recordings/{id}").ShouldRefuseAsync(HttpStatusCode.Conflict, "recording_active");
        Assert.Equal(1, (await guest.GetJsonAsync($"/api/v1/sessions/{scene.SessionId}/recordings")).GetProperty("items").GetArrayLength());
        await ReportAsync("recording.failed", new { recordingId = id, code = "composite_failed", detail = "no disk" });
        var failed = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal("composite_failed", failed.GetProperty("failure").GetProperty("code").GetString());
        await StartAsync(scene);
    }

    [Theory]
    [InlineData("state", """{"state":"ended"}""", HttpStatusCode.OK)]
    [InlineData("cancellation", "{}", HttpStatusCode.Accepted)]
    public async Task An_event_that_is_over_records_no_more_and_keeps_what_it_has(string how, string body, HttpStatusCode answer)
    {
        var scene = await fixture.SceneAsync();
        var (running, starting) = (await StartAsync(scene), await StartAsync(scene, scene.StageId));
        await ReportAsync("recording.started", new { recordingId = running, startedAt = "2026-05-01T08:00:00Z" });
        await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/{how}", JsonDocument.Parse(body).RootElement, answer);
        foreach (var id in new[] { running, starting })
        {
            Assert.Equal("stopping", await StatusAsync(scene, id));
            await fixture.Mixer.ShouldReceiveAsync($"stop {id}");
        }

        await scene.Organiser.PostAsJsonAsync($"/api/v1/sessions/{scene.SessionId}/recordings", new { }).ShouldRefuseAsync(HttpStatusCode.Conflict, "event_over");
        await ReportAsync("recording.stopped", new { recordingId = running, endedAt = "2026-05-01T08:10:00Z", tracks = 4 });
        var content = new byte[100_000];
        new Random(3).NextBytes(content);
        await ComposeAsync(running, content);
        await PlaysAsync(scene, running, content);
    }

    [Fact]
    public async Task Recordings_are_listed_page_by_page_whatever_was_recorded_at_the_same_moment_or_deleted_meanwhile()
    {
        var scene = await fixture.SceneAsync();
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync(
            """
            insert into platform.recordings (id, session_id, event_id, status, layout, title, requested_by, requested_at, failed_at)
            select gen_random_uuid(), @SessionId, s.event_id, 'failed', 'grid', '', '', now() - interval '1 minute' * (n / 3), now()
            from generate_series(1, 205) n join platform.sessions s on s.id = @SessionId
            """,
            new { scene.SessionId });
        var eventId = await connection.QuerySingleAsync<Guid>("select event_id from platform.sessions where id = @SessionId", new { scene.SessionId });
        foreach (var path in new[] { $"/api/v1/events/{eventId}/recordings", $"/api/v1/sessions/{scene.SessionId}/recordings" })
        {
            var whole = await scene.Organiser.GetJsonAsync(path);
            Assert.Equal(200, whole.GetProperty("items").GetArrayLength());
            var rest = await scene.Organiser.GetJsonAsync($"{path}?after={whole.GetProperty("next").GetString()}");
            Assert.Equal(5, rest.GetProperty("items").GetArrayLength());
            Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        }

        var seen = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = await scene.Organiser.GetJsonAsync($"/api/v1/events/{eventId}/recordings?limit=50{(next.Length == 0 ? "" : $"&after={next}")}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetString()!));
            next = page.GetProperty("next").GetString();
            await connection.ExecuteAsync("update platform.recordings set deleted_at = now() where id = @Id", new { Id = Guid.Parse(seen[^1]) });
        }

        Assert.Equal((205, 205), (seen.Count, seen.Distinct().Count()));
    }

    [Fact]
    public async Task A_mixer_that_is_away_gets_the_start_when_it_is_back_even_by_a_restarted_platform()
    {
        var scene = await fixture.SceneAsync();
        fixture.Mixer.Status = 503;
        Guid id;
        try
        {
            id = await StartAsync(scene);
            await scene.Organiser.PostJsonAsync($"/api/v1/recordings/{id}/stop", null, HttpStatusCode.Accepted);
            await fixture.StopAsync();
        }
        finally
        {
            fixture.Mixer.Status = 202;
        }

        await fixture.StartAsync();
        await fixture.Mixer.ShouldReceiveAsync($"stop {id}");

        // The stop overtook the start, yet the mixer must have something to stop.
        var mine = fixture.Mixer.Commands.Where(c => c.EndsWith(id.ToString(), StringComparison.Ordinal)).ToList();
        Assert.Equal([$"start {id}", $"stop {id}"], mine[..2]);
    }

    [Fact]
    public async Task Events_that_come_late_or_again_change_nothing()
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        await ReportAsync("recording.stopped", new { recordingId = id, endedAt = "2026-05-01T08:10:00Z", tracks = 1 });
        await ComposeAsync(id, [1, 2, 3]);
        await ReportAsync("recording.started", new { recordingId = id, startedAt = "2026-05-01T08:00:00Z" });
        await ReportAsync("recording.failed", new { recordingId = id, code = "late", detail = "late" });
        await ReportAsync("recording.progress", new { recordingId = id, progress = 0.1 });
        await ComposeAsync(id, [1, 2, 3]);
        var ready = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal(("ready", 1.0), (ready.GetProperty("status").GetString(), ready.GetProperty("progress").GetDouble()));
    }

    [Fact]
    public async Task A_deleted_recording_takes_its_blobs_along_unless_another_holds_them()
    {
        var scene = await fixture.SceneAsync();
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        var own = Guid.NewGuid().ToByteArray();
        var first = await StartAsync(scene);
        var firstVideo = await ComposeAsync(first, own);
        var second = await StartAsync(scene);
        var secondVideo = await ComposeAsync(second, own);
        Assert.Equal(firstVideo, secondVideo);

        Assert.Equal(HttpStatusCode.NoContent, (await scene.Organiser.DeleteAsync($"/api/v1/recordings/{first}")).StatusCode);
        await scene.Organiser.GetAsync($"/api/v1/recordings/{first}").ShouldRefuseAsync(HttpStatusCode.NotFound, "recording_not_found");
        await using var connection = await fixture.Database.OpenAsync(default);
        await Eventually.TrueAsync(async () => await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.timers where kind = 'blob-sweep' and next_at <= now()") == 0, "the sweep has run");
        Assert.True(await blobs.ExistsAsync(firstVideo));
        Assert.Equal(HttpStatusCode.NoContent, (await scene.Organiser.DeleteAsync($"/api/v1/recordings/{second}")).StatusCode);
        await Eventually.TrueAsync(async () => !await blobs.ExistsAsync(firstVideo), "nobody holds it any more");
    }

    [Fact]
    public async Task A_composite_without_its_file_is_a_failure_not_a_dead_link()
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        var missing = new { sha256 = new string('a', 64), size = 1, mimeType = "video/mp4", fileName = "recording.mp4" };
        await ReportAsync("recording.composed", new { recordingId = id, video = missing, thumbnail = missing, durationMs = 1, width = 1, height = 1, frameRate = 30, startedAt = "2026-05-01T08:00:00Z", endedAt = "2026-05-01T08:00:01Z" });
        var failed = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}");
        Assert.Equal("blob_missing", failed.GetProperty("failure").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_composite_whose_file_is_swept_while_it_is_registered_is_a_failure_too(bool isThumbnail)
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        var (video, thumbnail) = (await blobs.PutAsync(new MemoryStream(Guid.NewGuid().ToByteArray())), await blobs.PutAsync(new MemoryStream(Guid.NewGuid().ToByteArray())));
        var swept = isThumbnail ? thumbnail : video;
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("insert into media.blobs (sha256, size) values (@Sha256, @Size)", swept);
        Task composed;
        await using (var sweep = await connection.BeginTransactionAsync())
        {
            // The sweep has its row, as Deletion.SweepAsync has, when the mixer's word comes.
            await connection.ExecuteAsync("delete from media.blobs where sha256 = @Sha256", swept, sweep);
            composed = ReportAsync("recording.composed", new
            {
                recordingId = id,
                video = new { video.Sha256, video.Size, mimeType = "video/mp4", fileName = "recording.mp4" },
                thumbnail = new { thumbnail.Sha256, thumbnail.Size, mimeType = "image/jpeg", fileName = "thumbnail.jpg" },
                durationMs = 1,
                width = 1,
                height = 1,
                frameRate = 30.0,
                startedAt = "2026-05-01T08:00:00Z",
                endedAt = "2026-05-01T08:00:01Z",
            });
            await using var watching = await fixture.Database.OpenAsync(CancellationToken.None);
            await Eventually.TrueAsync(
                () => watching.ExecuteScalarAsync<bool>("select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%media.blobs%')"), "the registration waits for the sweep");
            await blobs.DeleteAsync(swept.Sha256);
            await sweep.CommitAsync();
        }

        await composed;
        Assert.Equal("failed", await StatusAsync(scene, id));
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("select count(*)::int from media.assets where owner_id = @id", new { id }));
    }

    [Fact]
    public async Task A_recording_that_failed_keeps_its_tracks_and_can_be_composed_again()
    {
        var scene = await fixture.SceneAsync();
        var id = await FailAsync(scene);
        using var guest = await scene.GuestAsync();
        await guest.PostAsync($"/api/v1/recordings/{id}/compose", null).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_organiser");
        var again = await scene.Organiser.PostJsonAsync($"/api/v1/recordings/{id}/compose", null, HttpStatusCode.Accepted);
        Assert.Equal(("composing", JsonValueKind.Null), (again.GetProperty("status").GetString(), again.GetProperty("failure").ValueKind));
        await fixture.Mixer.ShouldReceiveAsync($"compose {id}");
        Assert.DoesNotContain($"delete {id}", fixture.Mixer.Commands);
        await scene.Organiser.PostJsonAsync($"/api/v1/recordings/{id}/compose", null, HttpStatusCode.Accepted);
        await scene.Organiser.DeleteAsync($"/api/v1/recordings/{id}").ShouldRefuseAsync(HttpStatusCode.Conflict, "recording_active");

        await ComposeAsync(id, [7, 8, 9]);
        Assert.Equal("ready", await StatusAsync(scene, id));
        await scene.Organiser.PostAsync($"/api/v1/recordings/{id}/compose", null).ShouldRefuseAsync(HttpStatusCode.Conflict, "recording_not_composable");
        await fixture.Mixer.ShouldReceiveAsync($"delete {id}");
    }

    [Fact]
    public async Task A_second_wish_for_a_composite_is_not_lost_to_the_answer_to_the_first()
    {
        var scene = await fixture.SceneAsync();
        var id = await FailAsync(scene);
        var wishes = 0;
        fixture.Mixer.BeforeAnswer = async command =>
        {
            if (command == $"compose {id}" && Interlocked.Increment(ref wishes) == 1)
            {
                // It fails at once, and somebody wishes again before the platform has the first answer.
                await ReportAsync("recording.failed", new { recordingId = id, code = "composite_failed", detail = "no disk" });
                await scene.Organiser.PostJsonAsync($"/api/v1/recordings/{id}/compose", null, HttpStatusCode.Accepted);
            }
        };
        try
        {
            await scene.Organiser.PostJsonAsync($"/api/v1/recordings/{id}/compose", null, HttpStatusCode.Accepted);
            await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref wishes) == 2), "the mixer hears of the second wish");
        }
        finally
        {
            fixture.Mixer.BeforeAnswer = _ => Task.CompletedTask;
        }
    }

    [Fact]
    public async Task The_tracks_of_a_failed_recording_go_when_it_is_deleted_or_thirty_days_old()
    {
        var scene = await fixture.SceneAsync();
        var deleted = await FailAsync(scene);
        Assert.Equal(HttpStatusCode.NoContent, (await scene.Organiser.DeleteAsync($"/api/v1/recordings/{deleted}")).StatusCode);
        await fixture.Mixer.ShouldReceiveAsync($"delete {deleted}");

        var kept = await FailAsync(scene);
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("update platform.recordings set failed_at = now() - interval '30 days' where id = @kept", new { kept });
        await fixture.Mixer.ShouldReceiveAsync($"delete {kept}");
    }

    [Theory]
    [InlineData("recording")]
    [InlineData("composing")]
    public async Task A_recording_that_the_mixer_has_lost_fails_and_does_not_go_on_for_ever(string status)
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        await fixture.Mixer.ShouldReceiveAsync($"start {id}");
        await ReportAsync("recording.started", new { recordingId = id, startedAt = "2026-05-01T08:00:00Z" });
        if (status == "composing")
        {
            await ReportAsync("recording.stopped", new { recordingId = id, endedAt = "2026-05-01T08:10:00Z", tracks = 1 });
        }

        await HalfAMinutePassesAsync(id);
        await fixture.Mixer.ShouldReceiveAsync($"ask {id}");
        Assert.Equal(status, await StatusAsync(scene, id));

        fixture.Mixer.Lost.Add(id);
        await Eventually.TrueAsync(
            async () =>
            {
                await HalfAMinutePassesAsync(id);
                return await StatusAsync(scene, id) == "failed";
            },
            "it is known to be lost");
        Assert.Equal("recording_lost", (await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}")).GetProperty("failure").GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await scene.Organiser.DeleteAsync($"/api/v1/recordings/{id}")).StatusCode);
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.outbox where aggregateid = @Id and type = 'recording.failed'", new { Id = id.ToString() }));
    }

    [Fact]
    public async Task What_happens_to_a_recording_is_in_the_outbox_without_names()
    {
        var scene = await fixture.SceneAsync();
        var id = await StartAsync(scene);
        await ComposeAsync(id, [4, 5, 6]);
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        var entries = (await connection.QueryAsync<(string Type, string Payload)>("select type, payload::text from platform.outbox where aggregateid = @Id order by seq", new { Id = id.ToString() })).AsList();
        Assert.Equal(["recording.requested", "recording.ready"], entries.Select(e => e.Type));
        Assert.DoesNotContain(entries, e => e.Payload.Contains("Olga", StringComparison.Ordinal));
    }

    private async Task PlaysAsync(Scene scene, Guid id, byte[] content)
    {
        var playback = await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}/playback");
        var url = playback.GetProperty("url").GetString()!;
        using var client = fixture.Client();
        Assert.Equal(content, await client.GetByteArrayAsync(url));
        using var range = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(99_990, null) } };
        using var part = await client.SendAsync(range);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(content[99_990..], await part.Content.ReadAsByteArrayAsync());
        using var beyond = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(100_000, null) } };
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await client.SendAsync(beyond)).StatusCode);
        using var known = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { IfNoneMatch = { part.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(known)).StatusCode);
        await client.GetAsync(url[..^1] + (url[^1] == 'A' ? 'E' : 'A')).ShouldRefuseAsync(HttpStatusCode.Forbidden, "signature_invalid");
        await client.GetAsync(url.Replace("recording.mp4", "other.mp4", StringComparison.Ordinal)).ShouldRefuseAsync(HttpStatusCode.Forbidden, "signature_invalid");
    }

    private async Task<Guid> StartAsync(Scene scene, Guid? session = null)
    {
        var answer = await scene.Organiser.PostJsonAsync($"/api/v1/sessions/{session ?? scene.SessionId}/recordings", new { }, HttpStatusCode.Created);
        Assert.Equal("starting", answer.GetProperty("status").GetString());
        return answer.GetProperty("id").GetGuid();
    }

    /// <summary>Recorded, stopped, and not composed.</summary>
    private async Task<Guid> FailAsync(Scene scene)
    {
        var id = await StartAsync(scene);
        await fixture.Mixer.ShouldReceiveAsync($"start {id}");
        await ReportAsync("recording.started", new { recordingId = id, startedAt = "2026-05-01T08:00:00Z" });
        await ReportAsync("recording.stopped", new { recordingId = id, endedAt = "2026-05-01T08:10:00Z", tracks = 1 });
        await ReportAsync("recording.failed", new { recordingId = id, code = "composite_failed", detail = "no disk" });
        return id;
    }

    private async Task HalfAMinutePassesAsync(Guid id)
    {
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("update platform.recordings set commanded_at = now() - interval '31 seconds' where id = @id", new { id });
    }

    private async Task<string?> StatusAsync(Scene scene, Guid id) => (await scene.Organiser.GetJsonAsync($"/api/v1/recordings/{id}")).GetProperty("status").GetString();

    private async Task<string> ComposeAsync(Guid id, byte[] content)
    {
        var blobs = fixture.Services.GetRequiredService<IBlobStore>();
        var video = await blobs.PutAsync(new MemoryStream(content));
        var thumbnail = await blobs.PutAsync(new MemoryStream([9, 9, 9]));
        await ReportAsync("recording.composed", new
        {
            recordingId = id,
            video = new { video.Sha256, video.Size, mimeType = "video/mp4", fileName = "recording.mp4" },
            thumbnail = new { thumbnail.Sha256, thumbnail.Size, mimeType = "image/jpeg", fileName = "thumbnail.jpg" },
            durationMs = 600_000,
            width = 1280,
            height = 720,
            frameRate = 30.0,
            startedAt = "2026-05-01T08:00:00Z",
            endedAt = "2026-05-01T08:10:00Z",
        });
        return video.Sha256;
    }

    private async Task ReportAsync(string type, object data)
    {
        var seq = ++_seq;
        using var node = fixture.Node();
        var batch = JsonSerializer.SerializeToElement(new { epoch = _epoch, events = new[] { new { seq, at = DateTimeOffset.UtcNow, type, data } } }, JsonSerializerOptions.Web);
        Assert.Equal(seq, (await node.PostJsonAsync("/internal/nodes/mixer/events", batch, HttpStatusCode.OK)).GetProperty("ack").GetInt64());
    }
}
