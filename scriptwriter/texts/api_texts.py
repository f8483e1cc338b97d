"""Texts that other programs read in answers of the HTTP API."""

from scriptwriter.texts import Text

RUN_STARTED = Text(
    "头脑风暴已开始生成，连接 Electric 可实时查看更新。",
    "Brainstorming generation started. Connect to Electric to see real-time updates.",
)
RUN_GOES_ON = Text("已继续生成未完成的创意", "The run goes on with the ideas that are missing")
RUN_STOPPED = Text("已停止，已写内容保留", "Stopped. What was written is kept")
RUN_HAD_ENDED = Text("这次生成已经结束", "The run had ended already")
FIELD_MISSING = Text("必填", "is required")
FIELD_WRONG = Text("不合要求", "is not valid")
FIELD_PROBLEMS: dict[str, Text] = {
    "missing": FIELD_MISSING,
    "string_type": Text("须为文本", "must be a string"),
    "string_unicode": Text("含有无法识别的字符", "holds characters that are no Unicode text"),
    "int_type": Text("须为整数", "must be an integer"),
    "int_from_float": Text("须为整数", "must be an integer"),
    "bool_type": Text("须为 true 或 false", "must be true or false"),
    "literal_error": Text("须为以下之一：{expected}", "must be one of: {expected}"),
    "extra_forbidden": Text("没有这个字段", "is not a field of this request"),
    "model_attributes_type": Text("须为 JSON 对象", "must be a JSON object"),
    "dict_type": Text("须为 JSON 对象", "must be a JSON object"),
    "json_invalid": Text("不是有效的 JSON", "is not valid JSON"),
    "nothing_to_change": Text("至少要改一项", "must hold at least one field to change"),
    "set_by_server": Text("由服务器决定，请勿传入", "is decided by the server; leave it out"),
    "unknown_parameter": Text("没有这个参数", "is not a parameter of this request"),
    "given_twice": Text("只能传入一次", "may be given once only"),
}
