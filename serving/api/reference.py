"""`/docs` and `/openapi.json`: the description of the API, complete and without a single request that leaves the machine.

In: the application. Out: its OpenAPI 3.1 document (FastAPI's own, with every error as problem+json and every route's role), and the
same as HTML tables: Swagger's page would load script from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute

from serving.api import problems
from serving.api.home import page
from serving.api.viewer import RANKS, Anybody

router = APIRouter(tags=["说明"])
_ROLES = {"anybody": "任何人", "reader": "读者", "analyst": "值守人员", "editor": "编辑", "admin": "管理员"}
_FORM = {"file": "（文件）"}


@router.get("/openapi.json", summary="接口说明（OpenAPI）", response_class=JSONResponse)
def openapi_document(request: Request, _: Anybody) -> Any:
    """供程序读取的接口说明，OpenAPI 3.1。"""
    return JSONResponse(request.app.openapi())


@router.get("/docs", summary="接口说明（网页）", response_class=HTMLResponse)
def docs(request: Request, _: Anybody) -> Any:
    """每个接口的参数、字段、例子、错误和所需角色；不含脚本，不连网。"""
    return page("接口说明 · 反诈 fanzha", "".join(_html(request.app.openapi())), demo=request.app.state.demo)


def roles_of(route: APIRoute) -> list[str]:
    """The roles that a route's dependencies name; exactly one for a route of ours."""
    found = []
    waiting = [*route.dependant.dependencies]
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        if (minimum := getattr(dependant.call, "minimum", None)) is not None:
            found.append(minimum)
    return found


def install(app: FastAPI) -> None:
    """Make `app.openapi()` give the whole document, built once."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes,
        openapi_version="3.1.0",
    )  # fmt: skip
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = problems.Problem.model_json_schema()
    for route in routes_of(app):
        for method in route.methods or ():
            _complete(document["paths"][route.path_format][method.lower()], route)
    for name, schema in schemas.items():
        _name_form_file(schema)
        if name.startswith("Body_"):
            schema["additionalProperties"] = False  # `bodies.multipart_body` holds this
    return document


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """Every route of the application: those of its rooms (FastAPI keeps included routers folded in `app.routes`)."""
    for router in app.state.rooms:
        for route in router.routes:
            assert isinstance(route, APIRoute), route
            yield route


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    """Role, errors, and which credentials: a key is never demanded where readers may ask."""
    role = roles_of(route)[0]
    operation["x-role"] = role
    if role in RANKS:
        operation["security"] = ([{}] if role == "reader" else []) + [{"密钥": []}]
    else:
        operation.pop("security", None)
    responses = operation["responses"]
    for status in sorted({*problems.ALWAYS, *(int(code) for code in responses if int(code) >= 400)}):
        told = responses.get(str(status), {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "Readiness" not in str(told):  # the one 503 that is an answer and not an error
            responses[str(status)] = problems.described(status)


def _name_form_file(schema: dict[str, Any]) -> None:
    """A file of a form has no example that JSON could show; its place says so."""
    for name, field in schema.get("properties", {}).items():
        if field.get("format") == "binary" or "contentMediaType" in field:
            field.setdefault("examples", [_FORM.get(name, "（文件）")])


def _html(document: Mapping[str, Any]) -> Iterator[str]:
    """The document as HTML: introduction, every operation, every schema."""
    yield f"<h1>{escape(document['info']['title'])} 接口说明</h1><pre>{escape(document['info']['description'])}</pre><h2>接口</h2>"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(path, method, operation)
    yield "<h2>各种对象</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        if "properties" in schema:
            rows = [
                _row(field, told, field in schema.get("required", ())) for field, told in schema["properties"].items()
            ]
            yield _table(("字段", "类型", "必须", "含义", "例子"), rows)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</h3>"
    yield f'<p>{escape(operation.get("description", ""))}</p><p class="small">角色：{_ROLES[operation["x-role"]]}</p>'
    if parameters := operation.get("parameters"):
        rows = [_row(told["name"], told, told.get("required", False), told["in"]) for told in parameters]
        yield _table(("参数", "在", "类型", "必须", "含义", "例子"), rows)
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>请求体 {_code(media)}：{_type(content['schema'])}</p>"
    answers = []
    for status, told in operation["responses"].items():
        schema: Mapping[str, Any] = next(
            (content.get("schema", {}) for content in told.get("content", {}).values()), {}
        )
        answers.append((_code(status), escape(told.get("description", "")), _type(schema) if schema else ""))
    yield _table(("应答", "何时", "内容"), answers)


def _row(name: str, told: Mapping[str, Any], required: bool, *more: str) -> tuple[str, ...]:
    kind = _type(told.get("schema", told))
    return (_code(name), *more, kind, "是" if required else "", escape(told.get("description", "")), _example(told))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + f"</tr>{lines}</table>"


def _code(text: str) -> str:
    return f"<code>{escape(str(text))}</code>"


def _type(schema: Mapping[str, Any]) -> str:
    """array of X, X or Y, with links to the objects."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "enum" in schema or "const" in schema:
        return "、".join(_code(value) for value in schema.get("enum", [schema.get("const")]))
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " 或 ".join(_type(choice) for choice in choices)
    if schema.get("type") == "array":
        return f"数组：{_type(schema.get('items', {}))}"
    names = {"string": "文字", "integer": "整数", "number": "数", "boolean": "是否", "object": "对象", "null": "空"}
    return names.get(schema.get("type", ""), "任意")


def _example(told: Mapping[str, Any]) -> str:
    examples = (
        told.get("examples")
        or told.get("schema", {}).get("examples")
        or ([told["example"]] if "example" in told else [])
    )
    return _code(json.dumps(examples[0], ensure_ascii=False)[:160]) if examples else ""
