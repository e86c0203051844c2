using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Payments.Stripe;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Payments;

/// <param name="Country">ISO 3166-1 alpha-2 of the organisation; the platform's own when left out. It cannot be changed afterwards.</param>
public sealed record NewPaymentAccountRequest(string? Country);

/// <summary>Connecting an organisation, the provider's webhooks, and the test provider's till.</summary>
internal static class PaymentsApi
{
    /// <summary>A notice is some kilobytes; an account with all its requirements stays below this.</summary>
    private const int MaxNotice = 64 * 1024;

    public static void AddPayments(this IServiceCollection services, NodeOptions options)
    {
        if (options.Stripe is { } stripe)
        {
            services.AddSingleton<IPaymentProvider>(provider =>
            {
                var clock = provider.GetRequiredService<TimeProvider>();
                var wire = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false };
                return new StripePayments(stripe, options.EnvironmentName, clock, new StripeRetries(wire, clock));
            });
        }
        else if (options.IsDevelopment)
        {
            services.AddSingleton(provider => new TestPaymentProvider(
                provider.GetRequiredService<Database>(), () => provider.GetRequiredService<TicketKeys>().Derive("test-webhooks"), provider.GetRequiredService<TimeProvider>()));
            services.AddSingleton<IPaymentProvider>(provider => provider.GetRequiredService<TestPaymentProvider>());
        }

        services.AddSingleton<PaymentAccounts>();
        services.AddSingleton<Payments>();
        services.AddRowWorker<PaymentUpkeep>();
    }

    public static void MapPayments(this IEndpointRouteBuilder routes, NodeOptions options)
    {
        routes.MapPost("/api/v1/organisations/{id:guid}/payment-account", ConnectAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/organisations/{id:guid}/payment-account", AccountAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/payments/webhooks/{provider}", WebhookAsync);
        if (options is { IsDevelopment: true, Stripe: null })
        {
            routes.MapPost("/api/v1/payments/test/{paymentId}/pay", PayAsync);
        }
    }

    /// <summary>204: nothing is left to do. 200: the organiser goes on at <c>onboardingUrl</c>.</summary>
    private static async Task<Results<NoContent, Ok<PaymentAccountDetails>, ProblemHttpResult>> ConnectAsync(
        Guid id, SignedIn account, Database database, PaymentAccounts accounts, NodeOptions options, CancellationToken cancel, NewPaymentAccountRequest? request = null)
    {
        var country = request?.Country?.Trim().ToUpperInvariant();
        if (country is not null && !(country.Length == 2 && country.All(char.IsAsciiLetterUpper)))
        {
            return ApiError.BadRequest("country_invalid", "'country' is a code of two letters like CH (ISO 3166-1).").ToResult();
        }

        NewPaymentAccount wanted;
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManagePayments) is { } refused)
            {
                return refused.ToResult();
            }

            var (name, email) = await connection.QuerySingleAsync<(string, string)>(
                "select o.name, u.email from platform.organisers o, platform.users u where o.id = @id and u.id = @UserId", new { id, account.UserId });
            wanted = new NewPaymentAccount(id, name, email, country);
        }

        var connected = await accounts.ConnectAsync(wanted, new Uri(options.PublicUrl, $"/organise/{id}/settings").ToString(), cancel);
        return connected.Error is { } error ? error.ToResult()
            : connected.Value!.OnboardingUrl is null ? TypedResults.NoContent()
            : TypedResults.Ok(connected.Value);
    }

    private static async Task<Results<Ok<PaymentAccountDetails>, ProblemHttpResult>> AccountAsync(Guid id, SignedIn account, Database database, PaymentAccounts accounts, CancellationToken cancel)
    {
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageEvents) is { } refused)
            {
                return refused.ToResult();
            }
        }

        return (await accounts.GetAsync(id, cancel)).ToOk();
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

        return await payments.ReceiveAsync(notice!, cancel) is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> PayAsync(string paymentId, TestPaymentProvider provider, Payments payments, CancellationToken cancel)
    {
        if (paymentId.Length > 64 || !paymentId.StartsWith("test_", StringComparison.Ordinal) || !FieldChecks.IsWellFormed(paymentId)
            || await provider.PayAsync(paymentId, cancel) is not { } webhook || !provider.TryReadNotice(webhook.Body, webhook.Signature, out var notice))
        {
            return ApiError.NotFound("payment_not_found", "There is no such payment, or its order has ended.").ToResult();
        }

        return await payments.ReceiveAsync(notice!, cancel) is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        var buffer = new byte[MaxNotice + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length > MaxNotice ? null : buffer[..length];
    }
}
