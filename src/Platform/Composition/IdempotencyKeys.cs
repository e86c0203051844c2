using System.Security.Cryptography;
using System.Text;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.External;

namespace Events.Platform.Composition;

/// <summary>Reads the header <c>Idempotency-Key</c> at the routes that take one; what it then means, <see cref="Idempotency"/> says.</summary>
internal static class IdempotencyKeys
{
    public const string Header = "Idempotency-Key";
    public const int MinLength = 8;
    public const int MaxLength = 128;

    private const int ChunkBytes = 8 * 1024;

    private static readonly ApiError Invalid = ApiError.BadRequest("idempotency_key_invalid", $"{Header} is one value of {MinLength} to {MaxLength} visible characters, new for each write and the same at each retry.");

    /// <summary>Marks a route whose writes may be sent again under their key.</summary>
    public static TBuilder TakesIdempotencyKey<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new IdempotentRoute());

    /// <summary>After the doors: the key belongs to who is let in.</summary>
    public static void UseIdempotencyKeys(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<IdempotentRoute>() is null || !context.Request.Headers.TryGetValue(Header, out var values) || OwnerOf(context) is not { } owner)
        {
            await next(context);
            return;
        }

        if (values is not [{ Length: >= MinLength and <= MaxLength } key] || !key.All(c => c is > ' ' and < '\x7f'))
        {
            await Problems.WriteAsync(context, Invalid);
            return;
        }

        context.Features.Set(new IdempotentRequest(owner, key, await FingerprintAsync(context.Request, context.RequestAborted)));
        await next(context);
    });

    private static Guid? OwnerOf(HttpContext context) => context.Features.Get<ApiCaller>()?.TokenId ?? SignedIn.From(context.User)?.UserId;

    /// <summary>The body is read before its handler does: these routes' bodies are bounded to 64 KB.</summary>
    private static async Task<byte[]> FingerprintAsync(HttpRequest request, CancellationToken cancel)
    {
        request.EnableBuffering();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        var chunk = new byte[ChunkBytes];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancel)) > 0)
        {
            hash.AppendData(chunk, 0, read);
        }

        request.Body.Position = 0;
        return hash.GetHashAndReset();
    }
}

/// <summary>A route that takes an <c>Idempotency-Key</c>.</summary>
internal sealed record IdempotentRoute;
