"""Texts of the import of a project file, and of what can be wrong with one."""

from scriptwriter.texts import Text

IMPORT = Text("导入项目", "Import")
IMPORTING = Text("正在导入…", "Importing…")
IMPORT_FAILED = Text(
    "没有导入，什么都没有改变。请检查网络后再试",
    "Nothing was imported, and nothing has changed. Please check your connection and try again",
)
IMPORT_WHY = Text("选择一个从这里导出的 JSON 文件", "Choose a JSON file that was exported here")

FILE_PLACE = Text("文件中 {place} 处", "at {place} in the file, ")
FILE_POSITION = Text("第 {line} 行第 {column} 列", "line {line}, column {column}")
FILE_PROBLEMS: dict[str, Text] = {
    "empty": Text("没有内容", "there is no content"),
    "not_utf8": Text("不是 UTF-8 编码的文本", "this is not text in UTF-8"),
    "not_json": Text("不是有效的 JSON", "this is not valid JSON"),
    "not_a_project": Text("不是项目文件", "this is not a project file"),
    "too_deep": Text("括号嵌套太深", "brackets are nested too deeply"),
    "too_many_values": Text("内容项太多", "there are too many values"),
    "number": Text("数字超出范围", "the number is out of range"),
    "nul": Text("含有不可用的空字符", "the text holds a NUL character"),
    "surrogate": Text("含有不完整的字符", "the text holds half of a character"),
    "twice": Text("出现了两次", "this is given twice"),
    "missing": Text("缺少内容", "something is missing"),
    "unknown_key": Text("有不认识的字段", "the field is unknown"),
    "unknown_kind": Text("有不认识的类型", "the kind is unknown"),
    "wrong": Text("内容不合要求", "the value is not valid"),
    "too_long": Text("内容太长", "the text is too long"),
    "too_many": Text("条目太多", "there are too many entries"),
    "name": Text("不是可用的名字", "the name cannot be used"),
    "moment": Text("不是可用的时间", "the time cannot be used"),
    "too_many_rows": Text("超出一个项目能有的数量", "there is more than a project may have"),
    "leads_nowhere": Text("指向不存在的内容", "this refers to something that does not exist"),
    "wrong_link": Text("关联不成立", "the link makes no sense"),
    "contradiction": Text("与文件中其他内容矛盾", "this contradicts something else in the file"),
}
