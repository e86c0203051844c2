using Events.Platform.Composition;

namespace Events.Platform.Features.Sso.Oidc;

/// <summary>
/// One document of a provider, kept for an hour: fetched by one caller while the others wait, kept for a day longer when the provider does not answer, and
/// not asked for again within five seconds of a failure.
/// </summary>
internal sealed class Cached<T>(TimeProvider clock, Func<CancellationToken, Task<Outcome<T>>> fetch)
    where T : class
{
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);
    private static readonly TimeSpan Usable = TimeSpan.FromDays(1);
    private static readonly TimeSpan FailureHolds = TimeSpan.FromSeconds(5);

    /// <summary>A token with an unknown key id makes us look for a new key, but not at the pace of whoever sends such tokens.</summary>
    private static readonly TimeSpan BetweenRenewals = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private T? _value;
    private ApiError? _failure;
    private DateTimeOffset _fetchedAt;
    private DateTimeOffset _failedAt;
    private DateTimeOffset _renewedAt;

    public async Task<Outcome<T>> GetAsync(CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            var now = clock.GetUtcNow();
            return _value is not null && now < _fetchedAt + Fresh ? _value : await FetchAsync(now, cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Fetches anew because <paramref name="seen"/> lacks something, unless another caller just did.</summary>
    public async Task<Outcome<T>> RenewAsync(T seen, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            var now = clock.GetUtcNow();
            if (!ReferenceEquals(seen, _value) || now < _renewedAt + BetweenRenewals)
            {
                return _value ?? seen;
            }

            _renewedAt = now;
            return await FetchAsync(now, cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<Outcome<T>> FetchAsync(DateTimeOffset now, CancellationToken cancel)
    {
        if (_failure is null || now >= _failedAt + FailureHolds)
        {
            var outcome = await fetch(cancel);
            (_failure, _failedAt) = (outcome.Error, now);
            if (outcome.Error is null)
            {
                (_value, _fetchedAt) = (outcome.Value, now);
            }
        }

        return _failure is null || (_value is not null && now < _fetchedAt + Usable) ? _value! : _failure;
    }
}
