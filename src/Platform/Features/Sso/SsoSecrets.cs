using System.Security.Cryptography;
using System.Text.Json;
using Events.Platform.Features.Sso.Saml;
using Microsoft.AspNetCore.DataProtection;

namespace Events.Platform.Features.Sso;

/// <summary>
/// What only this installation may read: client secrets in the database, and what travels through the browser during a sign-in.
/// Each kind has a purpose of its own, so that none passes for another.
/// </summary>
internal sealed class SsoSecrets(IDataProtectionProvider protection)
{
    private readonly IDataProtector _clientSecrets = protection.CreateProtector("events.sso.client-secret");
    private readonly ITimeLimitedDataProtector _states = protection.CreateProtector("events.sso.state").ToTimeLimitedDataProtector();
    private readonly ITimeLimitedDataProtector _results = protection.CreateProtector("events.sso.result").ToTimeLimitedDataProtector();

    public string SealClientSecret(string secret) => _clientSecrets.Protect(secret);

    public string OpenClientSecret(string sealedSecret) => _clientSecrets.Unprotect(sealedSecret);

    public string SealState(SignInState state) => _states.Protect(JsonSerializer.Serialize(state), SignInState.Lifetime);

    public SignInState? OpenState(string? text) => Open<SignInState>(_states, text);

    public string SealResult(SamlResult result) => _results.Protect(JsonSerializer.Serialize(result), SamlResult.Lifetime);

    public SamlResult? OpenResult(string? text) => Open<SamlResult>(_results, text);

    private static T? Open<T>(ITimeLimitedDataProtector protector, string? text)
        where T : class
    {
        if (text is not { Length: > 0 and <= 8_192 })
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(protector.Unprotect(text));
        }
        catch (CryptographicException)
        {
            // Forged, of another purpose, or over: to the caller all the same.
            return null;
        }
    }
}
