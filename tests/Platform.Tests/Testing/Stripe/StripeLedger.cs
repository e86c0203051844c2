using System.Text.Json.Nodes;

namespace Events.Tests.Platform.Testing.Stripe;

/// <summary>
/// What Stripe keeps: accounts, sessions, payments, refunds and events, and the rules of its reference (docs.stripe.com/api, version
/// 2026-10-28.endive) for those parts of them that a platform with destination charges uses.
/// </summary>
internal sealed class StripeLedger(Func<DateTimeOffset> now, string url)
{
    private static readonly HashSet<string> AccountParameters =
    [
        "country", "email", "type", "metadata[*]", "business_profile[name]", "business_profile[url]", "capabilities[card_payments][requested]", "capabilities[transfers][requested]",
        "controller[fees][payer]", "controller[losses][payments]", "controller[stripe_dashboard][type]", "controller[requirement_collection]", "expand[]",
    ];

    private static readonly HashSet<string> LinkParameters = ["account", "type", "return_url", "refresh_url", "collection_options[fields]", "expand[]"];

    private static readonly HashSet<string> SessionParameters =
    [
        "mode", "client_reference_id", "customer_email", "success_url", "cancel_url", "expires_at", "metadata[*]", "allowed_payment_method_types[]", "excluded_payment_method_types[]",
        "adaptive_pricing[enabled]", "line_items[][quantity]", "line_items[][price_data][currency]", "line_items[][price_data][unit_amount]", "line_items[][price_data][product_data][name]",
        "payment_intent_data[on_behalf_of]", "payment_intent_data[application_fee_amount]", "payment_intent_data[transfer_data][destination]", "payment_intent_data[metadata][*]", "expand[]",
    ];

    private static readonly HashSet<string> RefundParameters = ["payment_intent", "charge", "amount", "reason", "reverse_transfer", "refund_application_fee", "metadata[*]", "expand[]"];

    private readonly Dictionary<string, JsonObject> _objects = [];
    private int _next;

    public List<JsonObject> Events { get; } = [];

    public IEnumerable<JsonObject> All(string kind) => _objects.Values.Where(o => (string?)o["object"] == kind);

    public JsonObject CreateAccount(StripeForm form)
    {
        Known(form, AccountParameters);
        if (form["type"] is null && form["controller[stripe_dashboard][type]"] is null)
        {
            throw StripeRefusal.Missing("controller");
        }

        return Add("acct_", "account", new()
        {
            ["type"] = form["type"] ?? "none",
            ["country"] = form["country"] ?? "US",
            ["email"] = form["email"],
            ["charges_enabled"] = false,
            ["details_submitted"] = false,
            ["payouts_enabled"] = false,
            ["metadata"] = Metadata(form),
            ["capabilities"] = new JsonObject { ["card_payments"] = "inactive", ["transfers"] = "inactive" },
        });
    }

    public JsonObject CreateLink(StripeForm form)
    {
        Known(form, LinkParameters);
        Get("account", Needed(form, "account"));
        if (Needed(form, "type") is not ("account_onboarding" or "account_update"))
        {
            throw StripeRefusal.Invalid("type", "Invalid type.");
        }

        Needed(form, "return_url");
        Needed(form, "refresh_url");
        return new() { ["object"] = "account_link", ["created"] = Now, ["expires_at"] = Now + 300, ["url"] = $"{url}/setup/{NextId("l")}" };
    }

    public JsonObject CreateSession(StripeForm form)
    {
        Known(form, SessionParameters);
        if (Needed(form, "mode") != "payment")
        {
            throw StripeRefusal.Invalid("mode", "Only payment is understood here.");
        }

        Needed(form, "success_url");
        var currency = Needed(form, "line_items[0][price_data][currency]");
        var amount = long.Parse(Needed(form, "line_items[0][price_data][unit_amount]")) * long.Parse(Needed(form, "line_items[0][quantity]"));
        Needed(form, "line_items[0][price_data][product_data][name]");
        if (currency != currency.ToLowerInvariant() || currency.Length != 3)
        {
            throw StripeRefusal.Invalid("line_items[0][price_data][currency]", $"Invalid currency: {currency}.");
        }

        // docs.stripe.com/currencies, "Minimum and maximum charge amounts": 50 of the smallest unit in the common currencies.
        if (amount < 50)
        {
            throw StripeRefusal.Invalid("line_items", "The Checkout Session's total amount must convert to at least 50 cents.", "amount_too_small");
        }

        var expiresAt = form["expires_at"] is { } given ? long.Parse(given) : Now + 86_400;
        if (expiresAt < Now + 1_800 || expiresAt > Now + 86_400)
        {
            throw StripeRefusal.Invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.");
        }

        if (form["payment_intent_data[transfer_data][destination]"] is { } destination && !(bool)Get("account", destination)["charges_enabled"]!)
        {
            throw StripeRefusal.Invalid("payment_intent_data[transfer_data][destination]", "Your destination account needs to have at least one of the following capabilities enabled: transfers.", "insufficient_capabilities_for_transfer");
        }

        if (form["payment_intent_data[application_fee_amount]"] is { } fee && long.Parse(fee) < 1)
        {
            throw StripeRefusal.Invalid("payment_intent_data[application_fee_amount]", "Invalid positive integer.", "parameter_invalid_integer");
        }

        var session = Add("cs_test_", "checkout.session", new()
        {
            ["mode"] = "payment",
            ["status"] = "open",
            ["payment_status"] = "unpaid",
            ["amount_total"] = amount,
            ["currency"] = currency,
            ["client_reference_id"] = form["client_reference_id"],
            ["customer_email"] = form["customer_email"],
            ["expires_at"] = expiresAt,
            ["metadata"] = Metadata(form),
            ["payment_intent"] = null,
            ["success_url"] = form["success_url"],
            ["cancel_url"] = form["cancel_url"],
            ["payment_method_types"] = new JsonArray([.. form.Below("allowed_payment_method_types").Select(v => (JsonNode)v.Value)]),
            ["_destination"] = form["payment_intent_data[transfer_data][destination]"],
            ["_on_behalf_of"] = form["payment_intent_data[on_behalf_of]"],
            ["_fee"] = form["payment_intent_data[application_fee_amount]"],
        });
        session["url"] = $"{url}/c/pay/{session["id"]}";
        return session;
    }

    public JsonObject ExpireSession(string id)
    {
        var session = Session(id);
        if ((string)session["status"]! != "open")
        {
            throw StripeRefusal.Invalid("id", "Only Checkout Sessions with a status in [\"open\"] can be expired.");
        }

        End(session);
        return session;
    }

    /// <summary>A session as it is now: time may have ended it.</summary>
    public JsonObject Session(string id)
    {
        var session = Get("checkout.session", id);
        if ((string)session["status"]! == "open" && (long)session["expires_at"]! <= Now)
        {
            End(session);
        }

        return session;
    }

    /// <summary>The buyer pays. False: the session is not open any more.</summary>
    public bool Pay(string id)
    {
        var session = Session(id);
        if ((string)session["status"]! != "open")
        {
            return false;
        }

        var charge = Add("ch_", "charge", new()
        {
            ["amount"] = (long)session["amount_total"]!,
            ["amount_refunded"] = 0L,
            ["currency"] = (string)session["currency"]!,
            ["paid"] = true,
            ["refunded"] = false,
            ["status"] = "succeeded",
            ["destination"] = (string?)session["_destination"],
            ["on_behalf_of"] = (string?)session["_on_behalf_of"],
            ["application_fee_amount"] = (string?)session["_fee"],
            ["transferred"] = (long)session["amount_total"]!,
        });
        var intent = Add("pi_", "payment_intent", new() { ["amount"] = (long)session["amount_total"]!, ["currency"] = (string)session["currency"]!, ["status"] = "succeeded", ["latest_charge"] = (string)charge["id"]! });
        charge["payment_intent"] = (string)intent["id"]!;
        (session["status"], session["payment_status"], session["payment_intent"], session["url"]) = ("complete", "paid", (string)intent["id"]!, null);
        Emit("checkout.session.completed", session);
        return true;
    }

    public JsonObject CreateRefund(StripeForm form)
    {
        Known(form, RefundParameters);
        var charge = Get("charge", form["charge"] ?? (string)Get("payment_intent", Needed(form, "payment_intent"))["latest_charge"]!);
        if ((bool)charge["refunded"]!)
        {
            throw StripeRefusal.Invalid("payment_intent", $"Charge {charge["id"]} has already been refunded.", "charge_already_refunded");
        }

        var left = (long)charge["amount"]! - (long)charge["amount_refunded"]!;
        var amount = form["amount"] is { } asked ? long.Parse(asked) : left;
        if (amount < 1 || amount > left)
        {
            throw StripeRefusal.Invalid("amount", "Refund amount is greater than unrefunded amount on charge.");
        }

        charge["amount_refunded"] = (long)charge["amount_refunded"]! + amount;
        charge["refunded"] = (long)charge["amount_refunded"]! == (long)charge["amount"]!;
        if (form["reverse_transfer"] == "true")
        {
            charge["transferred"] = (long)charge["transferred"]! - amount;
        }

        var refund = Add("re_", "refund", new() { ["amount"] = amount, ["currency"] = (string)charge["currency"]!, ["charge"] = (string)charge["id"]!, ["payment_intent"] = (string)charge["payment_intent"]!, ["status"] = "succeeded", ["metadata"] = Metadata(form) });
        Emit("charge.refunded", charge);
        return refund;
    }

    /// <summary>The buyer's bank sends a refund back, days later.</summary>
    public void FailRefund(string paymentIntent)
    {
        var refund = All("refund").Single(r => (string?)r["payment_intent"] == paymentIntent);
        var charge = Get("charge", (string)refund["charge"]!);
        (charge["amount_refunded"], charge["refunded"]) = (0L, false);
        (refund["status"], refund["failure_reason"]) = ("failed", "expired_or_canceled_card");
        Emit("refund.failed", refund);
    }

    /// <summary>The organiser has filled in the forms, or Stripe has taken the right back.</summary>
    public JsonObject SetEnabled(string account, bool isEnabled)
    {
        var found = Get("account", account);
        (found["charges_enabled"], found["details_submitted"], found["payouts_enabled"]) = (isEnabled, true, isEnabled);
        Emit("account.updated", found, account);
        return found;
    }

    public bool Forget(string id) => _objects.Remove(id);

    public JsonObject Get(string kind, string id) =>
        _objects.TryGetValue(id, out var found) && (string?)found["object"] == kind ? found : throw StripeRefusal.NotFound(kind, id);

    /// <summary>A copy for the wire: without our own notes, and with the asked-for ids replaced by what they name.</summary>
    public JsonObject Show(JsonObject found, StripeForm? form = null)
    {
        var copy = (JsonObject)found.DeepClone();
        foreach (var name in copy.Where(p => p.Key.StartsWith('_')).Select(p => p.Key).ToList())
        {
            copy.Remove(name);
        }

        foreach (var path in form?.Below("expand").Select(v => v.Value.Split('.')) ?? [])
        {
            var at = copy;
            foreach (var step in path)
            {
                if (at[step] is JsonValue id && _objects.TryGetValue((string)id!, out var target))
                {
                    at[step] = Show(target);
                }

                if (at[step] is not JsonObject next)
                {
                    break;
                }

                at = next;
            }
        }

        return copy;
    }

    private long Now => now().ToUnixTimeSeconds();

    private void End(JsonObject session)
    {
        (session["status"], session["url"]) = ("expired", null);
        Emit("checkout.session.expired", session);
    }

    private void Emit(string type, JsonObject subject, string? account = null)
    {
        var happened = new JsonObject
        {
            ["id"] = NextId("evt_"),
            ["object"] = "event",
            ["api_version"] = "2026-10-28.endive",
            ["created"] = Now,
            ["type"] = type,
            ["livemode"] = false,
            ["pending_webhooks"] = 1,
            ["request"] = new JsonObject { ["id"] = null, ["idempotency_key"] = null },
            ["data"] = new JsonObject { ["object"] = Show(subject) },
        };
        if (account is not null)
        {
            happened["account"] = account;
        }

        Events.Add(happened);
    }

    private JsonObject Add(string prefix, string kind, JsonObject made)
    {
        var id = NextId(prefix);
        var whole = new JsonObject { ["id"] = id, ["object"] = kind, ["created"] = Now, ["livemode"] = false };
        foreach (var (name, value) in made)
        {
            whole[name] = value?.DeepClone();
        }

        return _objects[id] = whole;
    }

    private string NextId(string prefix) => $"{prefix}{++_next:D6}{Guid.NewGuid():N}"[..Math.Min(prefix.Length + 24, 60)];

    private static JsonObject Metadata(StripeForm form) => new(form.Below("metadata").Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value)));

    private static string Needed(StripeForm form, string name) => form[name] is { Length: > 0 } value ? value : throw StripeRefusal.Missing(name);

    private static void Known(StripeForm form, IReadOnlySet<string> known)
    {
        if (form.Unknown(known) is { } unknown)
        {
            throw StripeRefusal.Invalid(unknown, $"Received unknown parameter: {unknown}", "parameter_unknown");
        }
    }
}
