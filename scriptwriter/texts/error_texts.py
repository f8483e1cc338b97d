"""The sentence for each error code."""

from scriptwriter.texts import Text, sign_in_texts

ERRORS: dict[str, Text] = {
    "invalid_request": Text("请求中有不合要求的内容", "Something in this request is not valid"),
    "token_rejected": Text("令牌无效，或已被吊销", "The token is not valid, or was revoked"),
    "origin_not_allowed": Text("不接受来自这个网站的请求", "Requests from this site are not accepted"),
    "forbidden": Text("不允许这样做", "This is not allowed"),
    "not_found": Text("没有这个地址", "There is nothing at this address"),
    "method_not_allowed": Text("这个地址不接受这种请求", "This address does not take such a request"),
    "body_too_large": Text("内容太大，最多 {limit} KB", "The body is too large; up to {limit} KB are taken"),
    "body_too_slow": Text("上传得太慢，没有完成，请重试", "The upload took too long; please try again"),
    "service_away": Text("服务暂时不可用，请稍后再试", "The service is away for a moment; please try again"),
    "sync_away": Text("同步服务暂时不可用，请稍后再试", "Syncing is away for a moment; please try again"),
    "too_many_polls": Text(
        "最多同时打开 {limit} 个同步请求", "Up to {limit} requests for shapes may be open at once"
    ),
    "too_many_at_once": Text(
        "你同时发出的请求太多了，这一个没有处理，请稍后再试",
        "You sent too many requests at once; this one was not handled, please try again",
    ),
    "too_many_tabs": Text(
        "你已经打开了 {limit} 个页面，这一页暂不更新。关掉几个，这里会自动恢复",
        "You have {limit} pages open, so this one is not updated. It goes on when you close some of them",
    ),
    "platform_required": Text("请输入目标平台", "Enter a target platform"),
    "genre_required": Text("请输入故事类型", "Enter a story genre"),
    "platform_too_long": Text("目标平台最多 {limit} 个字", "The platform may have up to {limit} characters"),
    "genre_too_long": Text("故事类型最多 {limit} 个字", "The genre may have up to {limit} characters"),
    "other_requirements_too_long": Text(
        "其他要求最多 {limit} 个字，请精简后再提交",
        "The wishes may have up to {limit} characters; please shorten them",
    ),
    "avoid_too_long": Text("避雷最多 {limit} 个字", "What to avoid may have up to {limit} characters"),
    "audience_unknown": Text("受众只能是男频、女频或不限", "The audience is male, female or everybody"),
    "model_too_long": Text("没有这个模型", "There is no such model"),
    "model_not_offered": Text(
        "没有名为 {model} 的模型，请重新选择", "There is no model called {model}; please choose another one"
    ),
    "count_out_of_range": Text("想法数量须在 1 到 10 之间", "Ask for 1 to 10 ideas"),
    "name_required": Text("请输入项目名称", "Enter a project name"),
    "name_too_long": Text("项目名称最多 {limit} 个字", "The name may have up to {limit} characters"),
    "token_name_required": Text("请给令牌起个名字", "Give the token a name"),
    "token_name_too_long": Text("名字最多 {limit} 个字", "The name may have up to {limit} characters"),
    "too_many_tokens": Text(
        "最多 {limit} 个令牌，请先吊销不用的", "Up to {limit} tokens; please revoke one that is not used"
    ),
    "signed_out": Text("请先登录", "Please sign in first"),
    "wrong_credentials": Text("用户名或密码不正确", "Wrong username or password"),
    "wrong_password": Text("密码不正确，没有新建令牌", "Wrong password. No token was created"),
    "password_wanted": Text("请输入你的密码", "Enter your password"),
    "sign_in_again": Text(
        "为了安全，请退出后重新登录，并在 {minutes} 分钟内新建令牌",
        "To be safe, please sign out and in again, and make the token within {minutes} minutes",
    ),
    "wrong_current_password": Text("当前密码不正确", "The current password is wrong"),
    "too_many_attempts": Text(
        "尝试次数过多，请 {seconds} 秒后再试", "Too many attempts. Try again in {seconds} s"
    ),
    "sign_in_busy": Text("登录的人太多，请稍后再试", "Too many people are signing in; please try again"),
    "busy_with_yours": Text(
        "你之前的操作还在处理，请等它完成后再试",
        "What you asked for before is still being worked on; please wait until it is done",
    ),
    "too_busy": Text(
        "现在处理的人太多，请稍后再试", "Too many people are waiting; please try again in a moment"
    ),
    "too_much_work": Text(
        "内容太多，处理没有完成；什么都没有改变，请减少内容后再试",
        "There is too much to work through, so it was not finished. Nothing was changed; try again with less",
    ),
    "registration_closed": sign_in_texts.REGISTRATION_CLOSED,
    "username_required": Text("请输入用户名", "Enter a username"),
    "username_length": Text(
        "用户名须为 {least}–{most} 个字符", "A username has {least} to {most} characters"
    ),
    "username_characters": Text(
        "用户名只能用文字、数字和 _ - .，并以文字或数字开头",
        "A username has letters, digits and _ - . only, and begins with a letter or a digit",
    ),
    "username_reserved": Text(
        "这个用户名看起来像是本站的，不能使用，请换一个",
        "This username sounds like the site itself; please choose another",
    ),
    "username_taken": Text("这个用户名已有人使用", "This username is taken"),
    "username_looks_taken": Text(
        "已经有一个看起来几乎一样的用户名，请换一个",
        "This username looks like someone else's. Please choose another",
    ),
    "too_many_registrations": Text(
        "你所在的网络刚刚注册了很多账号，请 {minutes} 分钟后再试",
        "Many accounts have just been made from your network; please try again in {minutes} min",
    ),
    "password_guessable": Text(
        "这个密码很容易被猜到，请换一个，比如把几个不相干的词连起来，也不要用到用户名",
        "This password is easy to guess; please choose another: a few unrelated words, without your username",
    ),
    "password_too_short": Text("密码至少 {shortest} 个字符", "A password has at least {shortest} characters"),
    "password_too_long": Text("密码最多 {longest} 个字符", "A password has up to {longest} characters"),
    "no_password": Text("这个账号没有密码", "This account has no password"),
    "account_inactive": Text(
        "这个账号已停用，请联系管理员", "This account is disabled; ask the administrator"
    ),
    "oidc_unavailable": Text(
        "登录服务暂时无法连接，请稍后再试", "The sign-in service cannot be reached; please try again later"
    ),
    "oidc_denied": Text("登录服务没有放行，或你取消了登录", "The sign-in was cancelled, or not permitted"),
    "oidc_failed": Text(
        "登录服务没能完成登录，请再试一次", "The sign-in service did not finish; please try again"
    ),
    "oidc_interrupted": Text(
        "登录过程已中断或过期，请重新登录", "The sign-in was interrupted; please start again"
    ),
    "oidc_untrusted": Text(
        "登录服务的回答没有通过验证，请再试一次或联系管理员",
        "The answer of the sign-in service is not valid; please try again, or ask the administrator",
    ),
    "project_not_found": Text(
        "项目不存在，或你没有访问权限", "This project doesn't exist, or you don't have access to it"
    ),
    "access_removed": Text("你已被移出该项目", "You have been removed from this project"),
    "not_allowed": Text("你在该项目中只能查看", "You can only view this project"),
    "project_deleted": Text("这个项目已被删除", "This project has been deleted"),
    "owners_only": Text("只有项目所有者可以这样做", "Only an owner of this project can do that"),
    "description_too_long": Text(
        "项目简介最多 {limit} 个字", "The description may have up to {limit} characters"
    ),
    "role_unknown": Text("没有这种角色", "There is no such role"),
    "person_not_found": Text(
        "没有叫这个用户名的人，请核对后再试", "No one has this username. Please check it"
    ),
    "already_member": Text("{name} 已经在这个项目里", "{name} is already a member of this project"),
    "already_invited": Text(
        "{name} 已经收到邀请，还没有答复", "{name} has already been invited, and hasn't answered yet"
    ),
    "invitation_declined": Text(
        "{name} 婉拒了你的邀请，{days} 天内不能再次邀请",
        "{name} declined your invitation; for {days} days you cannot invite them again",
    ),
    "too_many_projects": Text(
        "最多可以有 {limit} 个项目，请先删除或退出几个；删除的项目 30 天后才不再计入",
        "You can have up to {limit} projects. Leave or delete some first; a deleted one counts for 30 days",
    ),
    "project_full": Text(
        "这个项目里已经放不下更多操作了，请新建一个项目", "This project is full. Please continue in a new one"
    ),
    "too_many_keepers": Text(
        "入选超过 {limit} 个，无法再排序", "More than {limit} ideas are kept, too many to order"
    ),
    "invited_often": Text(
        "{name} 还有你的 {limit} 个邀请没有答复，请等对方答复或先撤回",
        "{name} has not answered {limit} of your invitations yet. Please wait, or withdraw some first",
    ),
    "too_many_invitations": Text(
        "你已有 {limit} 个邀请等待答复，请先撤回几个",
        "You have {limit} pending invitations. Please withdraw some first",
    ),
    "too_many_lookups": Text(
        "你刚刚查找了太多用户名，请 {minutes} 分钟后再邀请",
        "You have tried many usernames; please wait {minutes} min before you invite again",
    ),
    "invitation_not_found": Text("这个邀请已经失效", "This invitation is no longer valid"),
    "member_not_found": Text("这个人已经不在项目里", "This person is no longer in the project"),
    "last_owner": Text(
        "项目至少要有一位所有者，请先让另一位成员成为所有者",
        "A project needs an owner; please make another member an owner first",
    ),
    "already_running": Text(
        "{name} 已经开始了一次生成，正在进行中", "{name} has already started a run; it is in progress"
    ),
    "nothing_to_retry": Text("这次生成没有可重试的内容", "There is nothing to retry in this run"),
    "run_unreadable": Text(
        "这一批的内容无法读取；其他内容不受影响，可以再来一批",
        "This batch can't be read. Everything else is safe; you can start another batch",
    ),
    "run_not_found": Text("没有这次生成", "There is no such run in this project"),
    "too_many_starts": Text(
        "一分钟内最多开始 {limit} 次，请 {seconds} 秒后再试",
        "Up to {limit} starts a minute; please try again in {seconds} s",
    ),
    "too_many_running": Text(
        "你已有 {limit} 个生成正在进行，请等其中一个结束",
        "You already have {limit} runs in progress. Please wait until one ends",
    ),
    "idea_not_found": Text("这个想法不存在或还没写完", "There is no such finished idea"),
    "verdict_unknown": Text("只能留下、不要，或收回", "Keep it, pass on it, or take that back"),
    "reason_too_long": Text("理由最多 {limit} 个字", "The reason may have up to {limit} characters"),
    "title_required": Text("请写一个标题", "Give the idea a title"),
    "title_too_long": Text("标题最多 {limit} 个字", "The title may have up to {limit} characters"),
    "body_required": Text("正文不能为空", "The text cannot be empty"),
    "body_too_long": Text("正文最多 {limit} 个字", "The text may have up to {limit} characters"),
    "version_not_found": Text("没有这个版本", "There is no such version"),
    "edited_meanwhile": Text(
        "{name} 刚刚保存了新的版本，你的文字还没有保存",
        "{name} has just saved a newer version; your text is not saved yet",
    ),
    "changed_meanwhile": Text(
        "{name} 刚刚保存了新的版本，这里什么都没有改动",
        "{name} has saved a newer version, so nothing was changed",
    ),
    "moved_meanwhile": Text(
        "{name} 刚刚调整了入选的顺序，这里什么都没有改动",
        "{name} has just reordered the keepers, so nothing was changed",
    ),
    "keeper_gone": Text(
        "目标位置的创意已不在入选中，请再移动一次",
        "The idea at that place is no longer a keeper. Please move it again",
    ),
    "brief_not_found": Text("这个项目还没有创作要求", "This project has no brief yet"),
    "test_user_unavailable": Text("测试用户只在开发环境中可用", "The test user exists in development only"),
    "unexpected": Text("出了点问题，已记录下来。请稍后再试", "Something went wrong; please try again later"),
    "rate_limited": Text("模型繁忙，请稍后重试", "The model is busy; please try again in a moment"),
    "quota_exhausted": Text(
        "额度已用完，请联系管理员", "The quota is used up; please contact your administrator"
    ),
    "key_rejected": Text(
        "密钥无效，仅管理员可修改", "The key was rejected; only an administrator can change it"
    ),
    "model_not_found": Text(
        "找不到模型 {model}，请联系管理员", "There is no model {model}; please contact your administrator"
    ),
    "model_withdrawn": Text(
        "模型 {model} 已不再提供，已写内容都在。请编辑要求后重来，换一个模型",
        "The model {model} is no longer offered; what was written is safe. "
        "Please change the brief and choose another model",
    ),
    "model_unavailable": Text(
        "模型服务暂时不可用（{status}），请稍后重试",
        "The model is out of service ({status}); please try again later",
    ),
    "model_misconfigured": Text(
        "模型服务的设置 {setting} 有误，请联系管理员",
        "The model's setting {setting} is wrong; please contact your administrator",
    ),
    "request_refused": Text(
        "模型服务不接受这次请求（{status}），请联系管理员",
        "The model refuses this request ({status}); please contact your administrator",
    ),
    "prompt_too_long": Text(
        "创作要求太长，模型放不下，请精简后再试", "The brief is too long for the model; please shorten it"
    ),
    "cannot_connect": Text(
        "无法连接模型服务，已保留 {finished} 个，请稍后重试",
        "The model cannot be reached; what is finished ({finished}) is safe. Please try again later",
    ),
    "connection_untrusted": Text(
        "模型服务的安全证书无效，请联系管理员",
        "The model's certificate is not valid; please contact your administrator",
    ),
    "model_silent": Text(
        "模型 {seconds} 秒无响应，已保留 {finished} 个",
        "No word from the model for {seconds} seconds; what is finished ({finished}) is safe",
    ),
    "reply_cut": Text(
        "与模型的连接中断，已保留 {finished} 个，请重试",
        "The connection to the model broke; what is finished ({finished}) is safe. Please try again",
    ),
    "reply_empty": Text("模型没有返回内容，请重试", "The model sent nothing back. Please try again"),
    "reply_unreadable": Text("返回格式有误，无法解析", "The reply has the wrong form and cannot be read"),
    "reply_too_long": Text(
        "返回内容过长，已停止接收，已保留 {finished} 个",
        "The reply did not end and was stopped; what is finished ({finished}) is safe",
    ),
    "length_limit": Text(
        "长度达到上限，第 {number} 个不完整", "The length limit was reached; idea {number} is incomplete"
    ),
    "content_filtered": Text(
        "第 {number} 个被安全策略拦截，其余不受影响",
        "Idea {number} was stopped by a safety policy; the others are not affected",
    ),
    "merge_needs_two": Text("请选 2 到 {limit} 个创意来合并", "Choose 2 to {limit} ideas to merge"),
    "too_few_ideas": Text(
        "完成 {finished}/{count}，{missing} 个未完成", "{finished} of {count} ideas; {missing} are missing"
    ),
    "file_too_large": Text("文件超过 {limit} MB", "The file is larger than {limit} MB"),
    "file_unreadable": Text(
        "没有导入，什么都没有改变：{where}{problem}。请选择从编剧室导出的 JSON 文件",
        "Nothing was imported, and nothing has changed: {where}{problem}. "
        "Please choose a JSON file that was exported from here",
    ),
    "interrupted_too_often": Text(
        "连续中断 {times} 次，没有写出新的创意；已保留 {finished} 个，请重试",
        "Interrupted {times} times in a row; what is finished ({finished}) is safe. Please try again",
    ),
    "generation_interrupted": Text(
        "生成意外中断，已完成的想法已保留", "The run was interrupted; finished ideas are safe"
    ),
}
