"""Texts of the sign-in page and the registration page."""

from scriptwriter.texts import Text

TAGLINE = Text("短剧与短视频的\u200b创意现场", "Where short drama begins")
PITCH = Text(
    "说出平台和类型，一分钟内得到五个故事创意，同一间编剧室里的人同时看到。",
    "Name a platform and a genre: five story ideas within a minute, on everybody's screen at once.",
)
SAMPLE_TITLE = Text("奶奶开播", "Grandma Goes Live")
SAMPLE_BODY = Text(
    "七十岁的陈秀兰被三个儿子轮流推诿，最后住进镇上的旧戏楼。她捡起年轻时的梆子戏，用孙女淘汰的手机开了直播，"
    "一夜之间，十万人听她骂醒不孝子。儿子们闻风赶来，争着尽孝……",
    "At seventy, handed from son to son, Xiulan moves into the town's old opera house and starts to stream "
    "the arias of her youth. By morning a hundred thousand people listen, and her sons are at the door.",
)

SIGN_IN = Text("登录", "Sign in")
SIGN_OUT = Text("退出", "Sign out")
SIGN_IN_AS_TEST_USER = Text("以测试用户登录", "Sign in as the test user")
TEST_USER_WHY = Text("仅在开发环境提供，无需密码", "Development only, no password")
SIGN_IN_WITH = Text("使用 {name} 登录", "Sign in with {name}")
OR = Text("或", "or")
REGISTER = Text("注册", "Create an account")
REGISTER_WHY = Text("有了账号，项目和创意就都留着。", "With an account, your projects and ideas stay yours.")
REGISTRATION_CLOSED = Text("这里不开放注册，请联系管理员", "Sign-up is closed. Please ask your administrator")
NO_ACCOUNT_YET = Text("还没有账号？", "New here?")
HAVE_ACCOUNT = Text("已经有账号？", "Have an account already?")
USERNAME = Text("用户名", "Username")
USERNAME_RULE = Text(
    "{least}–{most} 个字符：文字、数字和 _ - .", "{least}–{most} characters: letters, digits and _ - ."
)
PASSWORD = Text("密码", "Password")
PASSWORD_RULE = Text("至少 {shortest} 个字符", "At least {shortest} characters")
SHOW_PASSWORD = Text("显示密码", "Show the password")
