#!/bin/sh
# Put a site into the branch gh-pages of a repository twice, as the newest and below its version, beside
# those of other versions, which stay:
#
#     keep_site.sh REMOTE VERSION HTML DIRECTORY
set -eu
remote=$1 version=$2 html=$3 site=$4
if git ls-remote --exit-code "$remote" refs/heads/gh-pages > /dev/null; then
  git clone --quiet --branch gh-pages --depth 1 "$remote" "$site"
else
  git init --quiet --initial-branch gh-pages "$site"
fi
# All but the directories of versions.
find "$site" -mindepth 1 -maxdepth 1 -not -name .git -not -name '[0-9]*.[0-9]*.[0-9]*' -exec rm -r {} +
rm -rf "$html/.doctrees" "${site:?}/$version"
cp -r "$html" "$site/$version"
cp -r "$html/." "$site"
git -C "$site" add --all
git -C "$site" -c user.name=rnn-contracts -c user.email=rnn-contracts@users.noreply.github.com \
  commit --quiet --allow-empty --message "The site of $version"
git -C "$site" push --quiet "$remote" gh-pages
rm -rf "$site/.git"
