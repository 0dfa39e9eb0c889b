"""Every family of addresses of social media, mail and inputs, as people paste them: what each means, before anything is asked.

The three answers: understood (a resource), recognised but not answerable (what to paste instead), and not this service's at all.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

import pytest

from sheetsync.connectors.registry import Registry, builtin
from sheetsync.explain import explain
from sheetsync.texts import Texts

TRACKED = "utm_source=newsletter&utm_medium=email&fbclid=IwAR0abc&igsh=MzRlODBiNWFlZA"
UNICODE = {"新品", "阿克美", "檀木幻想"}

ANSWERED: dict[str, dict[str, str]] = {
    "linkedin": {
        # a number, a name, a name in Chinese (percent-encoded or not), regional and mobile hosts, the administrator's pages
        "https://www.linkedin.com/company/2414183": "company/2414183",
        "https://linkedin.com/company/Acme/": "company/acme?by=name",
        "https://cn.linkedin.com/company/%E6%96%B0%E5%93%81/about/": "company/新品?by=name",
        "https://www.linkedin.com/company/新品": "company/新品?by=name",
        "https://m.linkedin.com/school/acme-academy": "company/acme-academy?by=name",
        "https://de.linkedin.com/showcase/acme-cloud/posts/?feedView=all": "company/acme-cloud?by=name",
        "https://www.linkedin.com/company/2414183/admin/dashboard/": "company/2414183",
        "https://www.linkedin.com/company/2414183/admin/analytics/followers/": "company/2414183",
        "https://www.linkedin.com/feed/update/urn:li:activity:6844785523593134080": "post/activity:6844785523593134080",
        "https://www.linkedin.com/feed/update/urn:li:share:6844785523593134080/": "post/share:6844785523593134080",
        "https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A6844785523593134080/": "post/ugcPost:6844785523593134080",
        "https://www.linkedin.com/embed/feed/update/urn:li:share:6844785523593134080": "post/share:6844785523593134080",
        "https://www.linkedin.com/posts/acme_big-activity-6844785523593134080-AbC_": "post/activity:6844785523593134080",
        "https://www.linkedin.com/posts/acme_big-share-6844785523593134080-AbC_": "post/share:6844785523593134080",
        "https://www.linkedin.com/posts/acme_big-ugcPost-6844785523593134080-AbC_": "post/ugcPost:6844785523593134080",
    },
    "x": {
        "https://x.com/XDevelopers": "user/xdevelopers",
        "https://twitter.com/XDevelopers/followers": "user/xdevelopers",
        "https://mobile.twitter.com/XDevelopers/media": "user/xdevelopers",
        "https://m.x.com/a_1": "user/a_1",
        "https://x.com/i/user/2244994945": "user/2244994945?by=id",
        "https://x.com/XDevelopers/status/1067094924124872705": "post/1067094924124872705",
        "https://twitter.com/XDevelopers/statuses/1067094924124872705?s=20&t=abc": "post/1067094924124872705",
        "https://x.com/XDevelopers/status/1067094924124872705/photo/1": "post/1067094924124872705",
        "https://x.com/i/web/status/1067094924124872705": "post/1067094924124872705",
        "https://x.com/i/status/1067094924124872705": "post/1067094924124872705",
        "https://x.com/i/lists/84839422/members": "list/84839422",
        "https://x.com/i/communities/1471580197908586507": "community/1471580197908586507",
        "https://x.com/i/spaces/1DXxyRYNejbKM": "space/1DXxyRYNejbKM",
        "https://x.com/search?q=%E6%96%B0%E5%93%81&src=typed_query": "search/新品",
        "https://twitter.com/hashtag/%E6%96%B0%E5%93%81": "search/#新品",
    },
    "facebook": {
        "https://www.facebook.com/Acme.Global": "page/acme.global",
        "https://zh-cn.facebook.com/acmeglobal/?locale=zh_CN": "page/acmeglobal",
        "https://m.facebook.com/acmeglobal/about": "page/acmeglobal",
        "https://fb.com/acmeglobal": "page/acmeglobal",
        "https://www.facebook.com/profile.php?id=100064000000001": "page/100064000000001",
        "https://www.facebook.com/pages/Acme-Global/1234567890": "page/1234567890",
        "https://www.facebook.com/pages/%E9%98%BF%E5%85%8B%E7%BE%8E/1234567890": "page/1234567890",
        "https://www.facebook.com/p/Acme-Global-100064000000001/": "page/100064000000001",
        "https://www.facebook.com/p/%E9%98%BF%E5%85%8B%E7%BE%8E-100064000000001/": "page/100064000000001",
        "https://www.facebook.com/people/Acme/100064000000001/": "page/100064000000001",
        "https://business.facebook.com/latest/insights/overview?asset_id=1234567890": "page/1234567890",
        "https://www.facebook.com/Acme.Global/posts/987654321012345": "post/987654321012345?page=acme.global",
        "https://www.facebook.com/Acme.Global/posts/pfbid02AbCdEfGhIjKlMn": "post/pfbid02AbCdEfGhIjKlMn?page=acme.global",
        "https://www.facebook.com/permalink.php?story_fbid=987654321012345&id=1234567890": "post/987654321012345?page=1234567890",
        "https://www.facebook.com/Acme.Global/videos/summer/456789012345/": "post/456789012345?by=video&page=acme.global",
        "https://www.facebook.com/reel/456789012345": "post/456789012345?by=video",
        "https://www.facebook.com/watch/?v=456789012345": "post/456789012345?by=video",
        "https://www.facebook.com/photo?fbid=456789012345&set=a.1": "post/456789012345?by=photo",
    },
    "instagram": {
        "https://www.instagram.com/Acme.Global/": "profile/acme.global",
        "https://instagram.com/acme_1": "profile/acme_1",
        "https://m.instagram.com/acme.global/followers/": "profile/acme.global",
        "https://www.instagram.com/p/CSr71Gzlqo4/": "media/CSr71Gzlqo4",
        "https://www.instagram.com/reel/CSr71Gzlqo4/": "media/CSr71Gzlqo4",
        "https://www.instagram.com/reels/CSr71Gzlqo4/": "media/CSr71Gzlqo4",
        "https://www.instagram.com/tv/CSr71Gzlqo4/": "media/CSr71Gzlqo4",
        "https://www.instagram.com/acme.global/p/CSr71Gzlqo4/": "media/CSr71Gzlqo4?user=acme.global",
        "https://www.instagram.com/acme.global/reel/CSr71Gzlqo4/": "media/CSr71Gzlqo4?user=acme.global",
    },
    "youtube": {
        "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv": "channel/UCabcdefghijklmnopqrstuv",
        "https://studio.youtube.com/channel/UCabcdefghijklmnopqrstuv/analytics": "channel/UCabcdefghijklmnopqrstuv",
        "https://www.youtube.com/@Acme": "channel/@acme",
        "https://m.youtube.com/@%E9%98%BF%E5%85%8B%E7%BE%8E/videos": "channel/@阿克美",
        "https://www.youtube.com/@阿克美": "channel/@阿克美",
        "https://www.youtube.com/user/acme": "channel/acme?by=user",
        "https://www.youtube.com/c/%E9%98%BF%E5%85%8B%E7%BE%8E": "channel/阿克美?by=custom",
        "https://www.youtube.com/watch?v=abcDEF_-123&list=PL0123456789abcdef&t=3s": "video/abcDEF_-123",
        "https://youtu.be/abcDEF_-123": "video/abcDEF_-123",
        "https://www.youtube.com/shorts/abcDEF_-123": "video/abcDEF_-123",
        "https://www.youtube.com/live/abcDEF_-123": "video/abcDEF_-123",
        "https://www.youtube.com/embed/abcDEF_-123": "video/abcDEF_-123",
        "https://studio.youtube.com/video/abcDEF_-123/edit": "video/abcDEF_-123",
        "https://www.youtube.com/playlist?list=PL0123456789abcdef": "playlist/PL0123456789abcdef",
    },
    "weibo": {
        "https://weibo.com/1404376560/K3fnuEfZK": "post/4607741009594608",
        "https://www.weibo.com/1404376560/K3fnuEfZK?refer_flag=1001030103_": "post/4607741009594608",
        "https://m.weibo.cn/detail/4607741009594608": "post/4607741009594608",
        "https://m.weibo.cn/detail/K3fnuEfZK": "post/4607741009594608",
        "https://m.weibo.cn/status/4607741009594608": "post/4607741009594608",
        "https://m.weibo.cn/status/K3fnuEfZK": "post/4607741009594608",
        "https://weibo.com/u/1404376560": "user/1404376560",
        "https://weibo.com/1404376560": "user/1404376560",
        "https://m.weibo.cn/u/1404376560": "user/1404376560",
        "https://m.weibo.cn/profile/1404376560": "user/1404376560",
        "https://weibo.com/1404376560/profile": "user/1404376560",
        "https://weibo.com/p/1005051404376560": "user/1404376560",
        "https://weibo.com/p/1006061404376560/home": "user/1404376560",
        "https://weibo.com/woodfantasy": "domain/woodfantasy",
        "https://weibo.com/n/%E6%AA%80%E6%9C%A8%E5%B9%BB%E6%83%B3": "name/檀木幻想",
        "https://weibo.com/n/檀木幻想": "name/檀木幻想",
    },
    "wechat": {
        "https://mp.weixin.qq.com/s?__biz=MzA5NDY0MDAyMA==&mid=2247490098&idx=1&sn=0123456789abcdef":
            "article/2247490098_1?biz=MzA5NDY0MDAyMA==",
        "https://mp.weixin.qq.com/s?__biz=MzA5NDY0MDAyMA%3D%3D&mid=2247490098&idx=8&sn=ab#wechat_redirect":
            "article/2247490098_8?biz=MzA5NDY0MDAyMA==",
        "https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz=MzA5NDY0MDAyMA==": "account/MzA5NDY0MDAyMA==",
        "https://mp.weixin.qq.com/misc/useranalysis?token=1234567890": "account/own",
        "https://mp.weixin.qq.com/cgi-bin/home?t=home/index&token=1234567890": "account/own",
    },
    "douyin": {
        "https://www.douyin.com/user/MS4wLjABAAAAehA_LhLQoVe3JLS3P8jeqa":
            "user/MS4wLjABAAAAehA_LhLQoVe3JLS3P8jeqa?data=fans",
        "https://www.douyin.com/user/self": "user/self?data=fans",
        "https://www.iesdouyin.com/share/user/104255897823": "user/104255897823?data=fans",
        "https://creator.douyin.com/creator-micro/home": "user/self?data=fans",
        "https://www.douyin.com/video/7227815678634470001": "video/7227815678634470001",
        "https://www.douyin.com/note/7227815678634470001": "video/7227815678634470001",
        "https://www.iesdouyin.com/share/video/7227815678634470001/": "video/7227815678634470001",
        "https://m.douyin.com/share/video/7227815678634470001": "video/7227815678634470001",
        "https://www.douyin.com/user/self?modal_id=7227815678634470001": "video/7227815678634470001",
    },
    "mail": {"mail:weekly-clippings": "report/weekly-clippings"},
}  # fmt: skip

INSTEAD: dict[str, dict[str, str]] = {
    "linkedin": {
        "https://www.linkedin.com/in/jane-doe/": "manual:",
        "https://www.linkedin.com/newsletters/acme-weekly-6844785523593134080/": "company's page",
        "https://www.linkedin.com/pulse/big-news-jane-doe": "company's page",
        "https://www.linkedin.com/groups/12345/": "company's page",
        "https://www.linkedin.com/events/7000000000000000000/": "company's page",
        "https://www.linkedin.com/campaignmanager/accounts/507404993": "company's page",
        "https://lnkd.in/eAbCdEf": "Open the short link",
    },
    "x": {
        "https://analytics.x.com/user/XDevelopers": "address of the account",
        "https://ads.x.com/x": "address of the account",
        "https://t.co/AbCdEf1234": "Open the short link",
        "https://x.com/XDevelopers/lists": "Open the list",
    },
    "facebook": {
        "https://fb.watch/AbCdEfGhI/": "Open it in a browser",
        "https://www.facebook.com/share/p/1AbCdEfGhI/": "Open it in a browser",
        "https://www.facebook.com/groups/acmefans": "address of a page",
        "https://www.facebook.com/events/123456789": "address of a page",
    },
    "instagram": {
        "https://www.instagram.com/stories/acme/3141592653589793238/": "a profile, a post or a reel",
        "https://www.instagram.com/explore/tags/acme/": "a profile, a post or a reel",
    },
    "youtube": {
        "https://www.youtube.com/post/UgkxAbCdEf": "a channel, a video or a playlist",
        "https://www.youtube.com/hashtag/acme": "a channel, a video or a playlist",
    },
    "weibo": {
        "https://weibo.com/p/100808fc439dedbb06ca5fd858848e521b8716": "one post",
        "https://s.weibo.com/weibo?q=%23acme%23": "one post",
        "https://huati.weibo.com/k/acme": "one post",
        "https://t.cn/A6t0abcd": "Open the link in a browser",
    },
    "wechat": {
        "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv": "long",
        "https://mp.weixin.qq.com/cgi-bin/appmsg?t=media/appmsg_list&token=1234567890": "long",
    },
    "douyin": {
        "https://v.douyin.com/iRNBho6u/": "Open the link in a browser",
        "https://live.douyin.com/123456789": "long address",
    },
    "mail": {
        "https://mail.google.com/mail/u/0/#inbox/FMfcgzGxTPDrccjLtnQxLcPdRWlhdVlX": "mail:",
        "https://outlook.office.com/mail/id/AAQkADU0": "mail:",
    },
}  # fmt: skip

NOBODYS = [
    "https://www.linkedin.com/company/", "https://www.linkedin.com/feed/update/urn:li:comment:1/",
    "https://www.linkedin.com.evil.test/company/acme/", "https://linkedin.com@evil.test/company/acme/",
    *(f"https://x.com/{word}" for word in ("i", "home", "explore", "notifications", "messages", "settings", "compose", "login",
                                           "signup", "tos", "privacy", "intent", "share", "search", "hashtag")),
    "https://x.com/a_name_longer_than_fifteen", "https://x.com/a/status/12345678901234567890", "https://xx.com/acme",
    "https://www.facebook.com/abcd", "https://www.facebook.com/login", "https://www.facebook.com.evil.test/acmeglobal",
    *(f"https://www.instagram.com/{word}/" for word in ("p", "reel", "tv", "accounts", "direct", "about")),
    "https://www.youtube.com/channel/UCshort", "https://www.youtube.com/watch?v=short", "https://youtube.com.evil.test/@acme",
    "https://weibo.com/1404376560/K3fnuEfZ", "https://weibo.com/1404", "https://weibo.com.evil.test/u/1404376560",
    "https://mp.weixin.qq.com/s?__biz=MzA5NDY0MDAyMA==&mid=2247490098&idx=9", "https://mp.weixin.qq.com/s?mid=2247490098&idx=1",
    "https://www.douyin.com/user/someone", "https://www.douyin.com/video/123", "https://douyin.com.evil.test/user/self",
    "http://127.0.0.1\\@x.com/acme", "https://api.x.com\t.evil/acme", "https://x.com:8443/acme", "ftp://x.com/acme",
]  # fmt: skip


def told(text: str) -> dict[str, Any]:
    return explain(text, Registry(builtin(), {}), Texts("en"), date(2027, 2, 10))


@pytest.mark.parametrize(
    ("service", "text", "resource"), [(name, text, what) for name, table in ANSWERED.items() for text, what in table.items()]
)
def test_an_address_means_one_thing(service: str, text: str, resource: str) -> None:
    found = told(text)
    assert (found["state"], found["connector"], found["resource"]) == ("ok", service, resource), found
    if "://" not in text:
        return
    # what links carry on their way through newsletters and apps, blanks and brackets from a mail, a dot behind the host
    address, _, fragment = text.partition("#")
    tracked = f"{address}{'&' if '?' in address else '?'}{TRACKED}" + (f"#{fragment}" if fragment else "")
    for other in (tracked, f"  <{text}> ", text.replace("https://", "HTTPS://", 1)):
        assert told(other)["resource"] == resource, other


@pytest.mark.parametrize(
    ("service", "text", "instead"), [(name, text, what) for name, table in INSTEAD.items() for text, what in table.items()]
)
def test_a_page_that_nobody_can_ask_about_says_what_to_paste(service: str, text: str, instead: str) -> None:
    found = told(text)
    assert found["state"] == "unsupported", found
    assert instead in found["advice"]


@pytest.mark.parametrize("text", NOBODYS)
def test_what_is_no_page_of_a_service_is_nobodys(text: str) -> None:
    found = told(text)
    assert found["state"] in {"unknown", "unsupported"}, found
    assert found["resource"] is None


@pytest.mark.parametrize("name", sorted(UNICODE))
def test_a_chinese_name_is_the_same_encoded_or_not(name: str) -> None:
    for template in ("https://www.linkedin.com/company/{}", "https://www.youtube.com/@{}", "https://weibo.com/n/{}"):
        assert told(template.format(name))["resource"] == told(template.format(quote(name)))["resource"]
