using System.Globalization;
using Events.Platform.Features.Mail;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Links;

/// <summary>Issues links and mails them, in one transaction.</summary>
internal sealed class LinkMails(NodeOptions options, TimeProvider clock)
{
    private static readonly string Minutes = MagicLinks.Lifetime.TotalMinutes.ToString("0", CultureInfo.InvariantCulture);

    /// <summary>Takes no mail, and is no one's address: RFC 6761 §6.4 keeps .invalid from ever resolving.</summary>
    private const string Nobody = "nobody@address.invalid";

    public Uri PublicUrl => options.PublicUrl;

    /// <summary>A link that signs a user in.</summary>
    public Task SignInAsync(NpgsqlTransaction transaction, string email, Guid userId, string template = "magic-link", string name = "") =>
        SendAsync(transaction, new MagicLink(MagicLinks.SignIn, email, userId, null, null, clock.GetUtcNow() + MagicLinks.Lifetime), email, template, new() { ["name"] = name, ["minutes"] = Minutes });

    /// <summary>A link that makes an account of an address.</summary>
    public Task VerifyAsync(NpgsqlTransaction transaction, string email, string name) =>
        SendAsync(transaction, new MagicLink(MagicLinks.VerifyEmail, email, null, null, name, clock.GetUtcNow() + MagicLinks.Lifetime), email, "verify-email", new() { ["name"] = name, ["minutes"] = Minutes });

    /// <summary>A link that queues an access or erasure request for an address, whoever it belongs to.</summary>
    public Task PrivacyAsync(NpgsqlTransaction transaction, string purpose, string email) =>
        SendAsync(
            transaction,
            new MagicLink(purpose, email, null, null, null, clock.GetUtcNow() + MagicLinks.PrivacyLifetime),
            email,
            purpose == MagicLinks.PrivacyErasure ? "privacy-erasure" : "privacy-access",
            new() { ["minutes"] = MagicLinks.PrivacyLifetime.TotalMinutes.ToString("0", CultureInfo.InvariantCulture) });

    /// <summary>
    /// The work of <see cref="SignInAsync"/> without its effect: a link that opens nothing and a mail that has expired already,
    /// so that an unknown address takes the same time.
    /// </summary>
    public Task PretendAsync(NpgsqlTransaction transaction) =>
        SendAsync(transaction, new MagicLink(MagicLinks.SignIn, Nobody, null, null, null, clock.GetUtcNow()), Nobody, "magic-link", new() { ["minutes"] = Minutes });

    public async Task SendAsync(NpgsqlTransaction transaction, MagicLink link, string to, string template, Dictionary<string, string> model)
    {
        var token = await MagicLinks.IssueAsync(transaction, link);
        model["confirmUrl"] = new Uri(options.PublicUrl, $"{ConfirmPage.Path}?token={token}").AbsoluteUri;
        await MailOutbox.EnqueueAsync(transaction, new MailMessage(to, template, model) { Urgency = link.ExpiresAt <= clock.GetUtcNow() + MagicLinks.PrivacyLifetime ? MailUrgency.Awaited : MailUrgency.Usual, ExpiresAt = link.ExpiresAt });
    }
}
