using Events.Platform.Features.External;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Events.Platform.Composition;

/// <summary>OpenAPI 3.1: <c>/openapi/v1.json</c> lists every route for our own pages; <c>/openapi/external.json</c> is the contract of the external API.</summary>
internal static class ApiDescriptions
{
    public const string External = "external";

    private const string Token = "token";
    private const string Problem = "Problem";

    public static void AddApiDescriptions(this IServiceCollection services)
    {
        services.AddOpenApi("v1");
        services.AddOpenApi(External, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.ShouldInclude = route => route.RelativePath?.StartsWith("external/", StringComparison.Ordinal) == true;
            options.AddSchemaTransformer((schema, context, _) => Task.FromResult(Tighten(schema, context)));
            options.AddDocumentTransformer((document, _, _) => Task.FromResult(Describe(document)));
            options.AddOperationTransformer((operation, context, _) => Task.FromResult(Describe(operation, context)));
        });
    }

    public static void MapApiDescriptions(this IEndpointRouteBuilder routes) => routes.MapOpenApi("/openapi/{documentName}.json").ReadableByAnySite();

    private static OpenApiDocument Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Events external API",
            Version = "1",
            Description =
                """
                For an organisation's own systems. Lists go by cursor: `after` takes the `next` of the page before. Writes take an `Idempotency-Key`,
                under which they happen once for 24 hours. Errors are `application/problem+json` (RFC 9457) with a stable `code`. Every answer tells in
                `RateLimit` what is left of the minute's calls.
                """,
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Token] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A token `evk_…` that the operator's staff issues. Scopes:\n\n" + string.Join('\n', ApiScopes.All.Select(s => $"- `{s.Key}`: {s.Value}")),
            },
        };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[Problem] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "type", "title", "status", "code" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = new OpenApiSchema { Type = JsonSchemaType.String },
                ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
                ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What to do, in a sentence." },
                ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Stable; what programs go by." },
                ["url"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Where to mend it." },
            },
        };
        return document;
    }

    private static OpenApiOperation Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var (document, metadata) = (context.Document!, context.Description.ActionDescriptor.EndpointMetadata);
        var scope = metadata.OfType<ScopeRequired>().Single().Scope;
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Token, document)] = [scope] }];
        operation.Description = $"Scope `{scope}`.";
        if (metadata.OfType<IdempotentRoute>().Any())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = IdempotencyKeys.Header,
                In = ParameterLocation.Header,
                Description = "New for each write, the same at each retry.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = IdempotencyKeys.MinLength, MaxLength = IdempotencyKeys.MaxLength },
            });
        }

        var isVersioned = metadata.OfType<VersionedRoute>().Any();
        if (isVersioned)
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = "If-Match",
                In = ParameterLocation.Header,
                Description = "The `version` that was seen, in quotes: a change made from an older view is refused. Left out, or `*`: whatever is there is changed.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        var errors = new List<(string Status, string Why)>
        {
            ("400", "A field or parameter is wrong; `code` says which."),
            ("401", "`api_token_missing`, `api_token_invalid`, `api_token_expired`, `api_token_revoked`."),
            ("403", "`scope_missing`."),
            ("404", "There is no such thing in your organisation."),
            ("429", "`too_many_requests`; `Retry-After` says for how many seconds to wait."),
        };
        if (context.Description.HttpMethod != "GET")
        {
            errors.AddRange([("409", "Something stands in the way; `code` says what."), ("413", "`body_too_large`: more than 64 KB."), ("415", "`unsupported_media_type`."), ("422", "`idempotency_key_reused`.")]);
        }

        if (isVersioned)
        {
            errors.Add(("412", "`etag_mismatch`: somebody changed it in the meantime."));
        }

        operation.Responses ??= [];
        foreach (var (status, why) in errors)
        {
            operation.Responses[status] = new OpenApiResponse
            {
                Description = why,
                Headers = status == "429" ? new Dictionary<string, IOpenApiHeader> { ["Retry-After"] = new OpenApiHeader { Required = true, Schema = new OpenApiSchema { Type = JsonSchemaType.Integer } } } : null,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(Problem, document) } },
            };
        }

        return operation;
    }

    /// <summary>
    /// Numbers are written as numbers; that we would also read them from text is no promise. What we answer has all of its members;
    /// what we are sent lacks what may be left out, and what must be there is said by an error's code.
    /// </summary>
    private static OpenApiSchema Tighten(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if (schema.Type is { } type && (type.HasFlag(JsonSchemaType.Integer) || type.HasFlag(JsonSchemaType.Number)))
        {
            schema.Type = type & ~JsonSchemaType.String;
            schema.Pattern = null;
        }

        var name = context.JsonTypeInfo.Type.Name;
        var isAnswer = !name.StartsWith("New", StringComparison.Ordinal) && !name.EndsWith("Change", StringComparison.Ordinal);
        if (schema.Properties is { Count: > 0 } members)
        {
            schema.Required = isAnswer ? members.Keys.ToHashSet() : null;
        }

        return schema;
    }
}
