"""Every published or recorded reply of a social service is read somewhere in the tests, or it is said why no figure is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sheetsync.errors import LinkError, UnexpectedReply
from sheetsync.testing import Answer, Stand, account_of, run_links
from tests.connectors import test_x, test_youtube

SAMPLES = Path(__file__).parents[3] / "shared" / "vendor-data"
TESTS = Path(__file__).parent

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample replies are not part of the project")

NEVER_ASKED = {
    "youtube/playlist_items_paged_1.json": "the number of items stands in the playlist itself",
    "youtube/search_channels.json": "a search has a quota of its own and is never used",
    "youtube/youtube.v3.discovery.json": "a description of the API",
    "youtube/youtubeAnalytics.v2.discovery.json": "a description of an API that is not offered",
    "weibo/orange_account.json": "a uid of three digits, which none is",
    "linkedin/linkedin_pages_organization_data.csv": "a table of pages without counts",
    "wechat/CgibinUserGetResponse.json": "holds openids of people: never asked",
    "wechat/DataCubeGetArticleSummaryResponse.json": "counts of one day, not of an article",
    "wechat/datacube_getarticlesummary.json": "the same",
    "wechat/DataCubeGetUserCumulateRequest.json": "a question, not a reply",
    "wechat/DataCubeGetUserReadResponse.json": "the whole account's reads by hour, no longer maintained",
    "wechat/DataCubeGetUserShareResponse.json": "the same for shares",
    "wechat/datacube_getusershare.json": "the same",
    "wechat/datacube_getinterfacesummary.json": "calls of an interface",
    "wechat/datacube_getupstreammsg.json": "messages of readers",
    "wechat/material_get_materialcount.json": "a count of drafts and pictures",
    "douyin/DataExternalItemBaseResponse.json": "the older question about a video, 30 days only; the newer one is asked",
    "douyin/DataExternalItemCommentResponse.json": "the same",
    "douyin/DataExternalItemLikeResponse.json": "the same",
    "douyin/DataExternalItemPlayResponse.json": "the same",
    "douyin/DataExternalItemShareResponse.json": "the same",
    "douyin/DouyinVideoBasicInfoV1Request.json": "a question, not a reply",
    "douyin/DouyinVideoBasicInfoV1Response.json": "names and covers, no counts",
}
"""Samples of what sheetsync never asks -> why."""


@pytest.mark.parametrize("service", ["linkedin", "x", "facebook", "instagram", "youtube", "weibo", "wechat", "douyin", "email"])
def test_every_sample_is_read_or_accounted_for(service: str) -> None:
    tested = {"email": "mail"}.get(service, service)
    source = (TESTS / f"test_{tested}.py").read_text("utf-8") + Path(__file__).read_text("utf-8").partition("def sample")[2]
    names = {path.name for path in (SAMPLES / service).iterdir()} - {"SOURCES.tsv"}
    read = {name for name in names if f'"{name}"' in source or f'"{name.rpartition(".")[0]}"' in source}
    assert names - read == {name.partition("/")[2] for name in NEVER_ASKED if name.startswith(f"{service}/")}


def sample(name: Path) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8-sig"))


def test_the_account_that_signed_in_to_x_is_probed_by_its_own_page() -> None:
    given = {"client_id": "client-1", "client_secret": "client-secret-1", "refresh_token": "refresh-token-1"}
    with Stand() as stand:
        stand.answer("/2/oauth2/token", {"access_token": "access-token-1", "expires_in": 7200}, method="POST")
        stand.answer("/2/users/me", sample(Path("x") / "me_resp.json"))
        account = account_of(test_x.X, {"api_url": f"http://127.0.0.1:{stand.port}", **given})
        with stand.web(*account.origins(), auth=account.auth(), refine=account.refine) as web:
            account.probe(web)
        assert [seen.path for seen in stand.seen] == ["/2/oauth2/token", "/2/users/me"]


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_an_error_of_google_without_a_code_gives_a_sentence_and_no_number(status: int) -> None:
    with Stand() as stand:
        answer = Answer.of(sample(Path("youtube") / "error_response_simple.json"), status=status)
        stand.answer("/youtube/v3/channels", answer)
        account = account_of(test_youtube.YouTube, {**test_youtube.SETTINGS, "api_url": f"http://127.0.0.1:{stand.port}"})
        found = run_links([account], [test_youtube.CHANNEL])[0][test_youtube.CHANNEL]
    assert isinstance(found, LinkError)
    assert status != 200 or isinstance(found, UnexpectedReply)
