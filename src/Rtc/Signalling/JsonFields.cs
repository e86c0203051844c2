using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Events.Rtc.Signalling;

/// <summary>Reads members of JSON that a stranger sent: another shape gives false, never an exception.</summary>
internal static class JsonFields
{
    public static bool TryMember(JsonElement parent, string name, JsonValueKind kind, out JsonElement member)
    {
        member = default;
        try
        {
            return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out member) && member.ValueKind == kind;
        }
        catch (InvalidOperationException)
        {
            return false; // a member whose name has a lone surrogate in an escape
        }
    }

    public static bool TryText(JsonElement parent, string name, int maxLength, [NotNullWhen(true)] out string? text)
    {
        text = null;
        return TryMember(parent, name, JsonValueKind.String, out JsonElement member) && TryAsText(member, maxLength, out text);
    }

    public static bool TryAsText(JsonElement value, int maxLength, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (value.ValueKind != JsonValueKind.String)
            return false;
        try
        {
            text = value.GetString();
            return text is { Length: > 0 } && text.Length <= maxLength;
        }
        catch (InvalidOperationException)
        {
            return false; // a lone surrogate in an escape
        }
    }

    public static bool Has(JsonElement parent, string name)
    {
        try
        {
            return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out _);
        }
        catch (InvalidOperationException)
        {
            return false; // a member whose name has a lone surrogate in an escape
        }
    }

    public static bool TryFlag(JsonElement parent, string name, out bool flag)
    {
        flag = TryMember(parent, name, JsonValueKind.True, out _);
        return flag || TryMember(parent, name, JsonValueKind.False, out _);
    }

    public static bool TryInteger(JsonElement parent, string name, out int number)
    {
        number = 0;
        return TryMember(parent, name, JsonValueKind.Number, out JsonElement member) && member.TryGetInt32(out number);
    }
}
