using System.Net;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Events.Platform.Features.Payments.Stripe;

/// <summary>
/// Asks Stripe again when it was busy, away, or slow (docs.stripe.com/error-low-level): 409 (another request with this key is running), 429, 5xx, and
/// connections that broke. Every POST carries an idempotency key, so that asking again does nothing twice.
/// </summary>
internal sealed class StripeRetries : DelegatingHandler
{
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;

    /// <param name="inner">The wire.</param>
    /// <param name="clock">For pauses.</param>
    /// <param name="firstPause">Doubles with each attempt, with jitter: 0.3 s and more lets a busy second pass.</param>
    /// <param name="attemptTimeout">Stripe answers nearly always within 2 s; card networks may take longer.</param>
    public StripeRetries(HttpMessageHandler inner, TimeProvider clock, TimeSpan? firstPause = null, TimeSpan? attemptTimeout = null)
        : base(inner)
    {
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = 3,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = firstPause ?? TimeSpan.FromMilliseconds(300),
                MaxDelay = TimeSpan.FromSeconds(5),
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome switch
                {
                    { Exception: HttpRequestException or TimeoutRejectedException } => true,
                    { Result: { } response } => IsWorthAnother(response),
                    _ => false,
                }),
                DelayGenerator = arguments => ValueTask.FromResult(arguments.Outcome.Result?.Headers.RetryAfter?.Delta is { } wait && wait < TimeSpan.FromSeconds(5) ? wait : (TimeSpan?)null),
                OnRetry = arguments =>
                {
                    arguments.Outcome.Result?.Dispose();
                    return default;
                },
            })
            .AddTimeout(attemptTimeout ?? TimeSpan.FromSeconds(10))
            .Build();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The body is a form in memory: it can be sent again.
        return await _pipeline.ExecuteAsync(async cancel => await base.SendAsync(request, cancel), cancellationToken);
    }

    /// <summary>Stripe may say by <c>Stripe-Should-Retry</c> what it thinks of another attempt; it knows better than the status.</summary>
    private static bool IsWorthAnother(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Stripe-Should-Retry", out var advice) && bool.TryParse(advice.FirstOrDefault(), out var should)
            ? should
            : response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
}
