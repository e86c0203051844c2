using System.Globalization;

namespace Events.Platform.Features.Payments;

/// <summary>Amounts in the smallest unit of an ISO 4217 currency; pure.</summary>
internal static class Money
{
    /// <summary>Decimals of a currency's amounts (ISO 4217, list one, "minor unit").</summary>
    public static int Decimals(string currency) => currency.ToUpperInvariant() switch
    {
        "BIF" or "CLP" or "DJF" or "GNF" or "ISK" or "JPY" or "KMF" or "KRW" or "PYG" or "RWF" or "UGX" or "VND" or "VUV" or "XAF" or "XOF" or "XPF" => 0,
        "BHD" or "IQD" or "JOD" or "KWD" or "LYD" or "OMR" or "TND" => 3,
        _ => 2,
    };

    /// <summary>"25.00 CHF", "2,500 JPY".</summary>
    public static string InWords(long minor, string currency)
    {
        var decimals = Decimals(currency);
        return string.Create(CultureInfo.InvariantCulture, $"{(minor / Scale(decimals)).ToString($"N{decimals}", CultureInfo.InvariantCulture)} {currency}");
    }

    /// <summary>"25.00", for machines.</summary>
    public static string Amount(long minor, string currency) => (minor / Scale(Decimals(currency))).ToString($"F{Decimals(currency)}", CultureInfo.InvariantCulture);

    private static decimal Scale(int decimals) => decimals switch { 0 => 1m, 2 => 100m, _ => 1_000m };
}
