using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Payments;

/// <summary>Connecting an organisation, the provider's webhooks, and the test provider's till.</summary>
internal static class PaymentsApi
{
    /// <summary>A notice is a few hundred bytes; Stripe's largest are below this.</summary>
    private const int MaxNotice = 64 * 1024;

    public static void AddPayments(this IServiceCollection services, NodeOptions options)
    {
        if (options.IsDevelopment)
        {
            services.AddSingleton(provider => new TestPaymentProvider(
                provider.GetRequiredService<Database>(), provider.GetRequiredService<TicketKeys>().Derive("test-webhooks"), provider.GetRequiredService<TimeProvider>()));
            services.AddSingleton<IPaymentProvider>(provider => provider.GetRequiredService<TestPaymentProvider>());
        }

        services.AddSingleton<Payments>();
    }

    public static void MapPayments(this IEndpointRouteBuilder routes, NodeOptions options)
    {
        routes.MapPost("/api/v1/organisations/{id:guid}/payment-account", ConnectAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/payments/webhooks/{provider}", WebhookAsync);
        if (options.IsDevelopment)
        {
            routes.MapPost("/api/v1/payments/test/{paymentId}/pay", PayAsync);
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ConnectAsync(Guid id, SignedIn account, Database database, Payments payments, CancellationToken cancel)
    {
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await Permissions.RoleAsync(connection, account.UserId, id) != Permissions.OrganizationAdmin)
            {
                return ApiError.Forbidden("not_organization_admin", "Only an admin of the organisation may connect its payment account.").ToResult();
            }
        }

        return await payments.ConnectAsync(id, cancel) is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> WebhookAsync(string provider, HttpRequest request, Payments payments, CancellationToken cancel)
    {
        if (payments.Provider(provider) is not { } from)
        {
            return ApiError.NotFound("provider_unknown", "This installation has no such payment provider.").ToResult();
        }

        if (await ReadAsync(request, cancel) is not { } body)
        {
            return new ApiError(413, "body_too_large", "The body is larger than this address takes.").ToResult();
        }

        if (!from.TryReadNotice(body, request.Headers[from.SignatureHeader], out var notice))
        {
            return ApiError.BadRequest("signature_invalid", "The notice is not signed by the payment provider, or is too old.").ToResult();
        }

        return (await payments.ApplyAsync(notice!, cancel)).Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> PayAsync(string paymentId, TestPaymentProvider provider, Payments payments, CancellationToken cancel)
    {
        if (paymentId.Length > 64 || !paymentId.StartsWith("test_", StringComparison.Ordinal) || !FieldChecks.IsWellFormed(paymentId)
            || await provider.PayAsync(paymentId, cancel) is not { } webhook || !provider.TryReadNotice(webhook.Body, webhook.Signature, out var notice))
        {
            return ApiError.NotFound("payment_not_found", "There is no such payment.").ToResult();
        }

        return (await payments.ApplyAsync(notice!, cancel)).Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        var buffer = new byte[MaxNotice + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length > MaxNotice ? null : buffer[..length];
    }
}
