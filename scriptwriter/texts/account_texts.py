"""Texts of the account page: password, signed-in devices, API tokens."""

from scriptwriter.texts import Text

ACCOUNT = Text("账号", "Account")
CHANGE_PASSWORD = Text("修改密码", "Change password")
CURRENT_PASSWORD = Text("当前密码", "Current password")
NEW_PASSWORD = Text("新密码", "New password")
PASSWORD_CHANGED = Text("密码已修改，其他设备都已退出", "Password changed. Your other devices are signed out")
PASSWORD_CHANGED_TOKENS_TOO = Text(
    "密码已修改，其他设备都已退出，API 令牌都已吊销",
    "Password changed. Your other devices are signed out, and your API tokens are revoked",
)
REVOKE_ALL_TOKENS = Text("同时吊销所有 API 令牌", "Also revoke all API tokens")
YOUR_PASSWORD = Text("你的密码", "Your password")
DEVICES = Text("登录的设备", "Where you're signed in")
THIS_DEVICE = Text("本机", "This device")
SIGN_OUT_OTHERS = Text("退出其他设备", "Sign out other devices")
UNKNOWN_DEVICE = Text("未知设备", "Unknown device")
ON_SYSTEM = Text("{browser} · {system}", "{browser} on {system}")
LAST_SEEN = Text("最近活动", "last active")
SIGNED_IN = Text("登录于", "signed in")
API_TOKENS = Text("API 令牌", "API tokens")
API_TOKENS_WHY = Text(
    "给你的脚本和工具用：持有令牌就能以你的身份操作。",
    "For your scripts and tools. Anyone with a token can act as you.",
)
TOKEN_NAME = Text("令牌名称", "Token name")
TOKEN_NAME_EXAMPLE = Text("例如: 导出脚本", "e.g. export script")
CREATE_TOKEN = Text("新建令牌", "New token")
NEW_TOKEN = Text("新令牌", "New token")
TOKEN_ONCE = Text("请现在复制：它只显示这一次。", "Copy it now. You won't see it again.")
COPY = Text("复制", "Copy")
NO_TOKENS = Text("还没有令牌", "No tokens yet")
LAST_USED = Text("最近使用", "last used")
NEVER_USED = Text("从未使用", "never used")
CREATED = Text("创建于", "created")
REVOKE = Text("吊销", "Revoke")
REVOKE_REALLY = Text("确认吊销", "Confirm revoke")
BROWSERS = {
    "wechat": Text("微信", "WeChat"),
    "qq": Text("QQ浏览器", "QQ Browser"),
    "uc": Text("UC浏览器", "UC Browser"),
    "quark": Text("夸克", "Quark"),
    "huawei": Text("华为浏览器", "Huawei Browser"),
    "xiaomi": Text("小米浏览器", "Mi Browser"),
    "samsung": Text("三星浏览器", "Samsung Internet"),
    "edge": Text("Edge", "Edge"),
    "opera": Text("Opera", "Opera"),
    "firefox": Text("Firefox", "Firefox"),
    "chrome": Text("Chrome", "Chrome"),
    "safari": Text("Safari", "Safari"),
}
SYSTEMS = {
    "harmony": Text("鸿蒙", "HarmonyOS"),
    "windows": Text("Windows", "Windows"),
    "iphone": Text("iPhone", "iPhone"),
    "ipad": Text("iPad", "iPad"),
    "android": Text("Android", "Android"),
    "chromeos": Text("ChromeOS", "ChromeOS"),
    "macos": Text("macOS", "macOS"),
    "linux": Text("Linux", "Linux"),
}
