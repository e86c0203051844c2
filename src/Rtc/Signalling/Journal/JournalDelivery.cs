using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Events.Rtc.Signalling.Journal;

/// <summary>
/// Carries the journal to the platform: in order, at least once, for as long as it takes. The platform answers with the
/// highest number it has, and everything up to it is forgotten here.
/// </summary>
public sealed class JournalDelivery(EventJournal journal, JournalOptions options, TimeProvider clock, ILogger<JournalDelivery> logger, SignallingMetrics metrics)
    : BackgroundService
{
    /// <summary>Events of one request.</summary>
    public const int MaxBatch = 500;

    /// <summary>Bytes of one request, unless a single event has more (at most 1 MB).</summary>
    public const int MaxBatchBytes = 512 * 1024;

    private const int MaxAnswerBytes = 64 * 1024;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.PlatformUrl is null)
            return;
        HttpMessageHandler handler = options.PlatformHandler?.Invoke()
            ?? new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), PooledConnectionLifetime = TimeSpan.FromMinutes(2) };
        using HttpClient http = new(handler)
        {
            Timeout = TimeSpan.FromSeconds(10),
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        Uri address = new(options.PlatformUrl, $"/internal/nodes/{Uri.EscapeDataString(options.NodeName)}/events");

        TimeSpan retry = FirstRetry;
        int maxBatch = MaxBatch;
        try
        {
            while (true)
            {
                await journal.WaitForPendingAsync(stoppingToken);
                IReadOnlyList<JournalEvent> batch = journal.Pending(maxBatch, MaxBatchBytes);
                if (batch.Count == 0)
                    continue;
                string? failure = await PostAsync(http, address, batch, stoppingToken);
                if (failure is null)
                {
                    retry = FirstRetry;
                    maxBatch = MaxBatch;
                    continue;
                }

                metrics.JournalDeliveryFailed();
                RtcSignallingLog.JournalDeliveryFailed(logger, options.NodeName, batch[0].Seq, failure);
                // A body that is too large, or one event that the platform cannot take, then stands alone in the log.
                maxBatch = Math.Max(1, batch.Count / 2);
                await Task.Delay(retry, clock, stoppingToken);
                retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was not acknowledged is on disk for the next start.
        }
    }

    /// <summary>Null when the platform took something, else what went wrong.</summary>
    private async Task<string?> PostAsync(HttpClient http, Uri address, IReadOnlyList<JournalEvent> batch, CancellationToken stop)
    {
        try
        {
            using ByteArrayContent body = new(Body(batch));
            body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpRequestMessage request = new(HttpMethod.Post, address) { Content = body };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.NodeKey.Current);
            using HttpResponseMessage response = await http.SendAsync(request, stop);
            if (response.StatusCode != HttpStatusCode.OK)
                return $"status {(int)response.StatusCode}";
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(stop));
            if (answer.RootElement.ValueKind != JsonValueKind.Object
                || !answer.RootElement.TryGetProperty("ack", out JsonElement ack)
                || ack.ValueKind != JsonValueKind.Number
                || !ack.TryGetInt64(out long seq))
                return "an answer without ack";
            if (seq < batch[0].Seq || seq > EventJournal.MaxSeq)
                return $"ack {seq}, which says nothing of this batch";
            journal.Acknowledge(seq);
            metrics.JournalDelivered(batch.Count(record => record.Seq <= seq));
            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or IOException
            || (exception is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return exception.Message;
        }
    }

    private byte[] Body(IReadOnlyList<JournalEvent> batch)
    {
        ArrayBufferWriter<byte> body = new(batch.Sum(record => record.Json.Length + 1) + 100);
        body.Write(Encoding.ASCII.GetBytes($$"""{"epoch":"{{journal.Epoch}}","events":["""));
        for (int i = 0; i < batch.Count; i++)
        {
            if (i > 0)
                body.Write(","u8);
            body.Write(batch[i].Json);
        }

        body.Write("]}"u8);
        return body.WrittenSpan.ToArray();
    }
}
