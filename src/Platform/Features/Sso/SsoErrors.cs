using Events.Platform.Composition;

namespace Events.Platform.Features.Sso;

/// <summary>Refusals that more than one use case has.</summary>
internal static class SsoErrors
{
    public static readonly ApiError ConnectionNotFound = ApiError.NotFound("sso_connection_not_found", "There is no such company sign-in, or it is switched off.");

    public static readonly ApiError StateInvalid = ApiError.Forbidden("sso_state_invalid", "This sign-in was not begun in this browser, or more than ten minutes ago. Begin again.");

    public static readonly ApiError EmailMissing = ApiError.Forbidden("sso_email_missing", "Your company's sign-in did not tell your e-mail address, which a first sign-in needs.");

    public static ApiError Provider(string detail) => new(502, "sso_provider_failed", $"Your company's identity provider {detail}.");

    public static ApiError IdToken(string what) => ApiError.Forbidden("sso_id_token_invalid", $"The identity provider's token is refused: {what}.");

    public static ApiError Saml(string code, string detail) => ApiError.Forbidden(code, detail);
}
