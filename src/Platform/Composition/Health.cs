using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Composition;

/// <summary>One thing that must be so before a node takes traffic.</summary>
public interface IReadinessCheck
{
    string Name { get; }

    /// <summary>Why the node is not ready, or null.</summary>
    Task<string?> ProblemAsync(CancellationToken cancel);
}

/// <summary>The answer of <c>/readyz</c>: each check with "ok" or what is missing.</summary>
public sealed record Readiness(string Status, IReadOnlyDictionary<string, string> Checks);

/// <summary><c>/healthz</c> (the process serves), <c>/readyz</c> (it can do its work), <c>/metrics</c>.</summary>
public static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // The listener starts with the application, not with the first scrape: counters would miss what came before.
        routes.ServiceProvider.GetRequiredService<PrometheusExporter>();
        routes.MapGet("/healthz", () => TypedResults.Text("ok\n")).ExcludeFromDescription();
        routes.MapGet("/readyz", ReadyAsync).ExcludeFromDescription();
        routes.MapGet("/metrics", (PrometheusExporter exporter) => TypedResults.Text(exporter.Export(), PrometheusExporter.ContentType)).ExcludeFromDescription();
    }

    private static async Task<JsonHttpResult<Readiness>> ReadyAsync(IEnumerable<IReadinessCheck> checks, CancellationToken cancel)
    {
        var results = new Dictionary<string, string>();
        foreach (var check in checks)
        {
            results[check.Name] = await check.ProblemAsync(cancel) ?? "ok";
        }

        var ready = results.Values.All(v => v == "ok");
        return TypedResults.Json(new Readiness(ready ? "ready" : "not_ready", results), statusCode: ready ? 200 : 503);
    }
}
